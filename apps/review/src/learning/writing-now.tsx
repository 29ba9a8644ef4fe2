import type { Learning, MapperList } from '@housestyle/contracts';
import { TimeAgo } from '../suggestions/time-ago';
import { counted, percent, roundPercent } from './figures';
import classes from './writing-now.module.css';

interface WritingNowProps {
  readonly mappers: MapperList;
  readonly curve: Learning['curve'];
  readonly baseModel: string;
}

const BASE = 'base';

/** Who writes the captions now, and whether editors leave more of them alone than before. */
export function WritingNow({ mappers, curve, baseModel }: WritingNowProps) {
  const { items, championId, latestPromotion } = mappers;
  const champion = items.find(({ id }) => id === championId);
  const live = curve.mappers.find(({ mapperId }) => mapperId === (championId ?? BASE));
  const base = champion && curve.mappers.find(({ mapperId }) => mapperId === BASE);
  return (
    <aside className={classes.now} aria-labelledby="writing-title">
      <h3 id="writing-title">Writing now</h3>
      <p className={classes.name}>{champion?.name ?? baseModel}</p>
      <p className={classes.soft}>
        {latestPromotion ? (
          <>
            promoted <TimeAgo at={latestPromotion.promotedAt} />
          </>
        ) : (
          'the base model, as it came'
        )}
      </p>
      <dl className={classes.figures}>
        <div>
          <dt>accepted as written</dt>
          <dd>
            {typeof live?.acceptRate === 'number' ? roundPercent(live.acceptRate) : '–'}
            {typeof base?.acceptRate === 'number' && <span>was {roundPercent(base.acceptRate)}</span>}
          </dd>
        </div>
        <div>
          <dt>changed by editors</dt>
          <dd>
            {typeof live?.editDistance === 'number' ? percent(live.editDistance) : '–'}
            {typeof base?.editDistance === 'number' && <span>was {percent(base.editDistance)}</span>}
          </dd>
        </div>
      </dl>
      <p className={classes.soft}>
        {live ? `in ${counted(live.reviews, 'review')}` : 'No caption of its own has been reviewed yet.'}
        {live && base && `, against ${baseModel} as it came`}
      </p>
    </aside>
  );
}

import type { Learning, MapperList, MapperVersion } from '@housestyle/contracts';
import { useState } from 'react';
import { Button } from '../look/button';
import { Link } from '../navigation/link';
import { runPath } from '../navigation/route';
import { TimeAgo, useNowMs } from '../suggestions/time-ago';
import { counted, percent, roundPercent } from './figures';
import panel from './panel.module.css';
import { PromoteDialog } from './promote-dialog';
import { promotionWords } from './promotion-words';
import type { PromotionTarget } from './use-learning';
import classes from './versions.module.css';

interface VersionsProps {
  readonly mappers: MapperList;
  readonly curve: Learning['curve'];
  readonly baseModel: string;
  readonly canGovern: boolean;
}

const BASE = 'base';

/** Everything that has ever written this tenant's captions or could, with the one that does. */
export function Versions({ mappers, curve, baseModel, canGovern }: VersionsProps) {
  const [target, setTarget] = useState<PromotionTarget>();
  const nowMs = useNowMs();
  const { items, championId, latestPromotion, rollbackTo } = mappers;
  const liveOf = (id: string) => curve.mappers.find(({ mapperId }) => mapperId === id);
  const champion = { id: championId, name: items.find(({ id }) => id === championId)?.name ?? baseModel };
  const ask = (next: Omit<PromotionTarget, 'champion'>) => setTarget({ ...next, champion });
  return (
    <section className={panel.panel} aria-labelledby="versions-title">
      <header className={panel.header}>
        <h2 id="versions-title">Versions</h2>
        <span className={panel.aside}>one of them writes; any can be put back</span>
        {rollbackTo && canGovern && (
          <Button
            className={classes.rollback}
            onClick={() => ask({ kind: 'rollback', id: rollbackTo.mapperId ?? BASE, name: rollbackTo.name })}
          >
            Roll back to {rollbackTo.name}
          </Button>
        )}
      </header>
      <ul className={classes.list} aria-label="Versions">
        {items.map((version) => (
          <VersionRow
            key={version.id}
            version={version}
            live={liveOf(version.id)}
            canGovern={canGovern}
            onPromote={() => ask({ kind: 'promote', id: version.id, name: version.name })}
          />
        ))}
        <li className={classes.row} data-champion={championId === null || undefined}>
          <div className={classes.words}>
            <span className={classes.name}>{baseModel}</span>
            <span className={classes.soft}>the base model, as it came</span>
            {championId === null && latestPromotion && (
              <span className={classes.soft}>{promotionWords(latestPromotion, nowMs)}</span>
            )}
          </div>
          <LiveFigures live={liveOf(BASE)} />
          <Standing
            isChampion={championId === null}
            canGovern={canGovern}
            onPromote={() => ask({ kind: 'promote', id: BASE, name: baseModel })}
          />
        </li>
      </ul>
      <PromoteDialog target={target} onClose={() => setTarget(undefined)} />
    </section>
  );
}

interface VersionRowProps {
  readonly version: MapperVersion;
  readonly live: Learning['curve']['mappers'][number] | undefined;
  readonly canGovern: boolean;
  readonly onPromote: () => void;
}

function VersionRow({ version, live, canGovern, onPromote }: VersionRowProps) {
  const { name, kind, sha256, createdAt, isChampion, promotion, trainingRunId, figures } = version;
  const nowMs = useNowMs();
  return (
    <li className={classes.row} data-champion={isChampion || undefined}>
      <div className={classes.words}>
        <span className={classes.name}>
          {trainingRunId === null ? name : <Link href={runPath(trainingRunId)}>{name}</Link>}
        </span>
        <span className={classes.soft}>
          {trainingRunId === null ? 'imported' : 'learned'} <TimeAgo at={createdAt} />, {kind}{' '}
          <code title={sha256}>{sha256.slice(0, 8)}</code>
          {typeof figures.candidate?.editDistance === 'number' &&
            `, ${percent(figures.candidate.editDistance)} to change on the test`}
        </span>
        {promotion && <span className={classes.soft}>{promotionWords(promotion, nowMs)}</span>}
      </div>
      <LiveFigures live={live} />
      <Standing isChampion={isChampion} canGovern={canGovern} onPromote={onPromote} />
    </li>
  );
}

function LiveFigures({ live }: { live: VersionRowProps['live'] }) {
  if (!live) return <div className={classes.live}>no reviews yet</div>;
  return (
    <div className={classes.live}>
      <span>
        <strong>{live.acceptRate === null ? '–' : roundPercent(live.acceptRate)}</strong> accepted as written
      </span>
      <span>
        {live.editDistance === null ? '' : `${percent(live.editDistance)} changed, `}
        {counted(live.reviews, 'review')}
      </span>
    </div>
  );
}

function Standing(props: { isChampion: boolean; canGovern: boolean; onPromote: () => void }) {
  if (props.isChampion) return <span className={classes.champion}>Writes now</span>;
  if (!props.canGovern) return <span />;
  return (
    <Button className={classes.promote} onClick={props.onPromote}>
      Promote
    </Button>
  );
}

import { useInfiniteQuery } from '@tanstack/react-query';
import { IconMoodSmile, IconPlugConnectedX } from '@tabler/icons-react';
import { wordsFor, wordsForError } from '../api/problem-words';
import { listFailedAssets } from '../api/routes';
import { Button } from '../look/button';
import { FeedMessage, FeedSkeleton } from '../suggestions/feed-states';
import { TimeAgo } from '../suggestions/time-ago';
import classes from './failed-assets.module.css';

export const FAILURES_KEY = ['failed-assets'] as const;

/** Pictures that will get no caption, and why: in words for people, with the code and the server's own message. */
export function FailedAssets() {
  const query = useInfiniteQuery({
    queryKey: FAILURES_KEY,
    queryFn: ({ pageParam }) => listFailedAssets(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    gcTime: 0,
  });
  if (query.isPending) return <FeedSkeleton count={5} />;
  if (query.isError)
    return (
      <FeedMessage icon={<IconPlugConnectedX size={34} stroke={1.4} />} title="The list did not load" role="alert">
        {wordsForError(query.error)}
        <br />
        <Button onClick={() => void query.refetch()}>Try again</Button>
      </FeedMessage>
    );
  const assets = query.data.pages.flatMap((page) => page.items);
  if (assets.length === 0)
    return (
      <FeedMessage icon={<IconMoodSmile size={34} stroke={1.4} />} title="Nothing has failed">
        Every picture that came in could be read.
      </FeedMessage>
    );
  return (
    <>
      <ul className={classes.list} aria-label="Failed pictures">
        {assets.map((asset) => (
          <li key={asset.id} className={classes.row}>
            <div className={classes.what}>
              <strong className={classes.assetId}>{asset.assetId}</strong>
              <span className={classes.words}>
                {asset.error ? wordsFor(asset.error.code, asset.error.title) : 'The reason was not recorded.'}
              </span>
              {asset.uri !== null && <span className={classes.uri}>{asset.uri}</span>}
            </div>
            <div className={classes.why}>
              {asset.error && <code className={classes.code}>{asset.error.code}</code>}
              {asset.error && <span className={classes.message}>{asset.error.message}</span>}
            </div>
            <div className={classes.when}>
              <TimeAgo at={asset.updatedAt} />
              <span>{asset.attempts === 1 ? '1 attempt' : `${asset.attempts} attempts`}</span>
            </div>
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <p className={classes.more}>
          <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Show more
          </Button>
        </p>
      )}
    </>
  );
}

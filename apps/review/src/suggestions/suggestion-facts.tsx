import type { Suggestion } from '@housestyle/contracts';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { wordsFor } from '../api/problem-words';
import { getAsset } from '../api/routes';
import classes from './suggestion-facts.module.css';
import { TimeAgo } from './time-ago';

/** Where a caption comes from; `withAsset` also asks for what is known of the picture. */
export function SuggestionFacts({ suggestion, withAsset }: { suggestion: Suggestion; withAsset: boolean }) {
  const { asset, review } = suggestion;
  return (
    <dl className={classes.facts}>
      <Fact name="Picture">{asset.assetId}</Fact>
      <Fact name="Version">{asset.version}</Fact>
      {withAsset && <AssetFacts id={asset.id} />}
      <Fact name="Mapper">{suggestion.mapper.name}</Fact>
      <Fact name="Base model">{suggestion.baseModel}</Fact>
      <Fact name="Search">{suggestion.generation}</Fact>
      <Fact name="Written">
        <TimeAgo at={suggestion.createdAt} />
      </Fact>
      {review && (
        <Fact name="Reviewed">
          <TimeAgo at={review.reviewedAt} />
          {review.durationMs !== null && ` in ${(review.durationMs / 1000).toFixed(1)} s`}
          {review.editor !== null && ` by ${review.editor}`}
        </Fact>
      )}
    </dl>
  );
}

function AssetFacts({ id }: { id: string }) {
  const { data } = useQuery({ queryKey: ['asset', id], queryFn: () => getAsset(id), staleTime: 0 });
  if (!data) return null;
  return (
    <>
      {data.uri !== null && <Fact name="Address">{data.uri}</Fact>}
      {data.contentType !== null && <Fact name="Type">{data.contentType}</Fact>}
      {data.width !== null && data.height !== null && <Fact name="Size">{`${data.width} × ${data.height}`}</Fact>}
      {Object.keys(data.context).length > 0 && <Fact name="Context">{JSON.stringify(data.context)}</Fact>}
      {data.attempts > 1 && <Fact name="Attempts">{data.attempts}</Fact>}
      {data.error && (
        <Fact name="Last failure">
          {wordsFor(data.error.code, data.error.title)} <code>{data.error.code}</code>
        </Fact>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

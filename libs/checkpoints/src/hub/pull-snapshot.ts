import { DomainError } from '@housestyle/domain';
import { downloadBlob } from './download-blob.js';
import { HubCache } from './hub-cache.js';
import { HubClient } from './hub-client.js';
import { HubHttp, type HubHttpOptions } from './hub-http.js';
import { expectRepository, isPlainFile } from './hub-names.js';
import { selectFiles, type WantedFiles } from './wanted-files.js';

export interface HubOptions extends HubHttpOptions {
  /** folder of all repositories, as other tools have it. */
  readonly cache: string;
  /** takes everything from the cache and asks nobody. */
  readonly isOffline?: boolean;
}

export interface SnapshotRequest {
  /** `org/name` */
  readonly repository: string;
  /** branch, tag or commit; `main` when absent. */
  readonly revision?: string;
  readonly wanted: WantedFiles;
  readonly onProgress?: (progress: PullProgress) => void;
}

export interface PullProgress {
  readonly file: string;
  /** of all files that are pulled. */
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

/** Files of a repository at one commit, verified when they were fetched. */
export interface Snapshot {
  readonly repository: string;
  readonly commit: string;
  /** in the cache; other tools read it too, nobody may write to it. */
  readonly folder: string;
  /** paths in it. */
  readonly files: readonly string[];
  /** as the model card names it. */
  readonly licence?: string;
}

/**
 * Brings the wanted files of a repository into the cache: each file once however many pull it, interrupted downloads
 * resumed, every byte checked by the hub's own hash.
 * @throws DomainError `model_not_found` (naming what is missing, in the repository or in the cache), `source_forbidden`,
 *   `source_unavailable`, `source_timeout`, `checksum_mismatch`
 */
export async function pullSnapshot(request: SnapshotRequest, options: HubOptions): Promise<Snapshot> {
  const { repository, revision = 'main' } = request;
  expectRepository(repository, revision);
  const cache = new HubCache(options.cache, repository);
  if (options.isOffline) return fromCache(request, cache, options.cache);
  const client = new HubClient(new HubHttp(options));
  const { commit, files: listed, licence } = await client.revision(repository, revision);
  const { files, missing } = selectFiles(request.wanted, listed.filter(isPlainFile));
  if (missing.length > 0) {
    throw new DomainError('model_not_found', `${repository} (${revision}) holds no ${missing.join(', no ')}`);
  }
  await downloadAll(request, client, cache, commit, files);
  await cache.rememberCommit(revision, commit);
  return { repository, commit, folder: cache.snapshot(commit), files, ...(licence === undefined ? {} : { licence }) };
}

async function downloadAll(
  { repository, onProgress }: SnapshotRequest,
  client: HubClient,
  cache: HubCache,
  commit: string,
  files: readonly string[],
): Promise<void> {
  const described = await Promise.all(
    files.map(async (file) => [file, await client.file(repository, commit, file)] as const),
  );
  const totalBytes = described.reduce((sum, [, { sizeBytes }]) => sum + sizeBytes, 0);
  let before = 0;
  for (const [file, { etag, sizeBytes }] of described) {
    const onReceived = (bytes: number) => onProgress?.({ file, receivedBytes: before + bytes, totalBytes });
    const url = client.fileUrl(repository, commit, file);
    await downloadBlob(client.http, cache, { etag, sizeBytes, url, onReceived });
    await cache.link(commit, file, etag);
    onReceived(sizeBytes);
    before += sizeBytes;
  }
}

async function fromCache({ repository, revision = 'main', wanted }: SnapshotRequest, cache: HubCache, folder: string) {
  const commit = await cache.commitOf(revision);
  const { files, missing } = selectFiles(wanted, commit === undefined ? [] : await cache.filesOf(commit));
  if (commit !== undefined && missing.length === 0)
    return { repository, commit, folder: cache.snapshot(commit), files };
  throw new DomainError(
    'model_not_found',
    `offline, and ${folder} lacks of ${repository} (${revision}): ${missing.join(', ')}`,
  );
}

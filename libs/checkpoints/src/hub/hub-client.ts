import { DomainError } from '@housestyle/domain';
import { isContentHash } from './content-hash.js';
import type { HubHttp } from './hub-http.js';
import { isCommit } from './hub-names.js';

/** A repository at one commit. */
export interface HubRevision {
  readonly commit: string;
  /** paths, as the hub lists them. */
  readonly files: readonly string[];
  /** as its model card names it. */
  readonly licence?: string;
}

export interface HubFile {
  /** sha256 or git's blob id, lower-case hex: the file's name among the cache's blobs. */
  readonly etag: string;
  readonly sizeBytes: number;
}

/** Asks the hub what there is. */
export class HubClient {
  constructor(readonly http: HubHttp) {}

  /** @throws DomainError `model_not_found`, `source_forbidden`, `source_unavailable` or `source_timeout` */
  async revision(repository: string, revision: string): Promise<HubRevision> {
    const url = this.http.url(`api/models/${repository}/revision/${encodeURIComponent(revision)}`);
    const listing = (await this.json(url)) as RevisionAnswer;
    const commit = listing?.sha;
    const files = listing?.siblings?.map(({ rfilename }) => rfilename);
    if (typeof commit !== 'string' || !isCommit(commit) || !files?.every((file) => typeof file === 'string')) {
      throw new DomainError('source_unavailable', `${url.href} is no listing of a repository`);
    }
    const licence = listing?.cardData?.license;
    return { commit, files, ...(typeof licence === 'string' ? { licence } : {}) };
  }

  /** @throws DomainError as `revision`; `checksum_mismatch` when the hub gives no hash to check the bytes by */
  async file(repository: string, commit: string, file: string): Promise<HubFile> {
    const url = this.fileUrl(repository, commit, file);
    const found = await this.http.head(url);
    found.close();
    const etag = plainTag(found.header('x-linked-etag') ?? found.header('etag') ?? '');
    const sizeBytes = Number(found.header('x-linked-size') ?? found.header('content-length'));
    if (!isContentHash(etag)) throw new DomainError('checksum_mismatch', `${url.href} comes without a hash`);
    if (!Number.isSafeInteger(sizeBytes)) throw new DomainError('source_unavailable', `${url.href} has no length`);
    return { etag, sizeBytes };
  }

  fileUrl(repository: string, commit: string, file: string): URL {
    return this.http.url(`${repository}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`);
  }

  private async json(url: URL): Promise<unknown> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await this.http.get(url)).body) chunks.push(chunk);
    try {
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
    } catch (cause) {
      throw new DomainError('source_unavailable', `${url.href} is not JSON`, { cause });
    }
  }
}

/** As much of the hub's answer as is looked at; nothing in it is sure. */
type RevisionAnswer =
  | {
      readonly sha?: unknown;
      readonly siblings?: readonly { readonly rfilename: string }[];
      readonly cardData?: { readonly license?: unknown };
    }
  | undefined;

/** `"abc"` and `W/"abc"` → `abc` */
const plainTag = (etag: string): string => etag.replace(/^(W\/)?"(.*)"$/, '$2');

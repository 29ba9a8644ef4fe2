import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubRepository {
  /** by path; a large one (see `isLarge`) is served by the other host. */
  readonly files: Readonly<Record<string, Buffer>>;
  readonly licence?: string;
  /** who comes without this token is told what the hub tells. */
  readonly token?: string;
  /** with the token of somebody who has not accepted its terms. */
  readonly isGated?: boolean;
}

export interface SeenRequest {
  readonly host: 'hub' | 'cdn';
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** What goes wrong once with a request. */
export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** the connection ends, or goes quiet, after so many bytes of the body. */
  | { readonly cutAfter: number }
  | { readonly quietAfter: number }
  /** bytes of the right length that are not the file's. */
  | 'wrong bytes'
  /** as servers do that know no Range. */
  | 'whole file'
  | { readonly redirect: string };

/** A server that speaks the Hugging Face hub's protocol for model repositories, and the host that it keeps large files on. */
export class HubServer {
  readonly seen: SeenRequest[] = [];
  private readonly faults: { readonly host: 'hub' | 'cdn'; readonly part: string; readonly fault: Fault }[] = [];
  private readonly hub: Server;
  private readonly cdn: Server;

  /** @param renamed old names of repositories */
  constructor(
    readonly repositories: Record<string, HubRepository>,
    private readonly renamed: Readonly<Record<string, string>> = {},
  ) {
    this.hub = createServer((request, response) => this.serve('hub', request, response));
    this.cdn = createServer((request, response) => this.serve('cdn', request, response));
  }

  static async start(...content: ConstructorParameters<typeof HubServer>): Promise<HubServer> {
    const server = new HubServer(...content);
    for (const host of [server.hub, server.cdn]) {
      await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    }
    return server;
  }

  async stop(): Promise<void> {
    for (const host of [this.hub, this.cdn]) {
      host.closeAllConnections();
      await new Promise((resolve) => host.close(resolve));
    }
  }

  get endpoint(): string {
    return urlOf(this.hub);
  }

  commitOf(repository: string): string {
    const list = Object.entries(this.repositories[repository]!.files).map(
      ([file, bytes]) => `${file} ${etagOf(file, bytes)}`,
    );
    return sha('sha1', list.join('\n'));
  }

  /** The next GET whose path on `host` holds `part` meets `fault`; several are met one after the other. */
  failNext(host: 'hub' | 'cdn', part: string, fault: Fault): void {
    this.faults.push({ host, part, fault });
  }

  /** How often bytes of a large file were asked for, and from where on. */
  rangesOf(bytes: Buffer): (string | undefined)[] {
    const path = `/blobs/${sha('sha256', bytes)}`;
    return this.seen
      .filter((request) => request.host === 'cdn' && request.path.startsWith(path))
      .map(({ range }) => range);
  }

  private serve(host: 'hub' | 'cdn', request: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url: path = '/' } = request;
    const { range, authorization } = request.headers;
    this.seen.push({ host, method, path, range, authorization });
    const index = this.faults.findIndex(
      (entry) => entry.host === host && method === 'GET' && path.includes(entry.part),
    );
    const fault = index < 0 ? undefined : this.faults.splice(index, 1)[0]!.fault;
    if (typeof fault === 'object' && 'status' in fault)
      return void response.writeHead(fault.status, fault.headers).end();
    if (typeof fault === 'object' && 'redirect' in fault) {
      return void response.writeHead(302, { location: fault.redirect }).end();
    }
    if (host === 'cdn') return this.sendLarge(path, request, response, fault);
    const [, api, apiRevision] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/?]+)/.exec(path) ?? [];
    const [, resolved, revision, file] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/([^?]+)/.exec(path) ?? [];
    const asked = api ?? resolved ?? '';
    const current = this.renamed[asked];
    if (current !== undefined) return void response.writeHead(307, { location: path.replace(asked, current) }).end();
    const repository = this.repositories[asked];
    const refused = this.refusal(repository, authorization);
    if (refused) return void response.writeHead(refused.status, refused.headers).end();
    const commit = this.commitOf(asked);
    const known = ['main', 'refs/pr/1', commit];
    if (!known.includes(decodeURIComponent(apiRevision ?? revision ?? ''))) {
      return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end();
    }
    if (api !== undefined) return sendListing(repository!, asked, commit, response);
    this.sendFile(repository!, decodeURIComponent(file ?? ''), commit, request, response, fault);
  }

  private refusal(repository: HubRepository | undefined, authorization: string | undefined) {
    const isKnown = repository?.token === undefined || authorization === `Bearer ${repository.token}`;
    if (!repository || (!isKnown && !repository.isGated)) {
      return { status: 401, headers: { 'x-error-code': 'RepoNotFound', 'x-error-message': 'Repository not found' } };
    }
    if (isKnown) return undefined;
    return {
      status: 403,
      headers: { 'x-error-code': 'GatedRepo', 'x-error-message': 'Access to model is restricted' },
    };
  }

  private sendFile(
    { files }: HubRepository,
    file: string,
    commit: string,
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault | undefined,
  ): void {
    const bytes = files[file];
    if (!bytes) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    response.setHeader('x-repo-commit', commit);
    if (isLarge(file)) {
      const headers = { 'x-linked-etag': `"${etagOf(file, bytes)}"`, 'x-linked-size': String(bytes.length) };
      const location = `${urlOf(this.cdn)}/blobs/${etagOf(file, bytes)}?signature=1`;
      return void response.writeHead(302, { ...headers, location, etag: '"of-the-redirect"' }).end();
    }
    response.setHeader('etag', `"${etagOf(file, bytes)}"`);
    send(bytes, request, response, fault);
  }

  private sendLarge(path: string, request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
    const wanted = /^\/blobs\/([0-9a-f]{64})\?signature=1$/.exec(path)?.[1];
    const all = Object.values(this.repositories).flatMap(({ files }) => Object.values(files));
    const bytes = all.find((candidate) => sha('sha256', candidate) === wanted);
    if (!bytes) return void response.writeHead(403).end();
    send(bytes, request, response, fault);
  }
}

export const isLarge = (file: string): boolean => /\.(safetensors|bin|pt)$/.test(file);

/** As the hub tags a file: its sha256 in large storage, else git's blob id. */
export const etagOf = (file: string, bytes: Buffer): string =>
  isLarge(file) ? sha('sha256', bytes) : sha('sha1', Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]));

function sendListing({ files, licence }: HubRepository, id: string, sha: string, response: ServerResponse): void {
  const siblings = Object.keys(files).map((rfilename) => ({ rfilename }));
  const listing = { id, modelId: id, sha, siblings, ...(licence && { cardData: { license: licence } }) };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(listing));
}

function send(file: Buffer, request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
  const bytes = fault === 'wrong bytes' ? Buffer.from(file.map((byte) => byte ^ 1)) : file;
  const from = fault === 'whole file' ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from > 0 && from >= bytes.length) return void response.writeHead(416).end();
  const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...(from > 0 && range) });
  if (request.method === 'HEAD') return void response.end();
  if (typeof fault !== 'object') return void response.end(bytes.subarray(from));
  const until = from + ('cutAfter' in fault ? fault.cutAfter : 'quietAfter' in fault ? fault.quietAfter : 0);
  response.write(bytes.subarray(from, until), () => {
    if ('cutAfter' in fault) response.destroy();
  });
}

const sha = (kind: 'sha1' | 'sha256', bytes: Buffer | string): string => createHash(kind).update(bytes).digest('hex');

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

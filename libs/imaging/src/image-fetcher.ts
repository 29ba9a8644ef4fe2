import { DomainError } from '@housestyle/domain';

import { addressRule } from './address-policy.js';
import { withDeadline } from './deadline.js';
import { readFileSource } from './file-source.js';
import { createGuardedAgent } from './guarded-agent.js';
import { readHttpSource, type FetchedImage } from './http-source.js';
import { sha256InSlices } from './in-slices.js';
import { type OutboundRules } from './outbound-rules.js';
import { readS3Source, type S3SourceReader } from './s3-source.js';

/** The rules of `OutboundRules` hold for `http(s):` URIs. */
export interface ImageFetcherSettings extends OutboundRules {
  /** without the colon; not given: `https`, `http`, `s3` and `file`, the last two where they lead anywhere */
  readonly allowedSchemes?: readonly string[];
  /** folders `file:` URIs may point into; none: no `file:` URIs */
  readonly allowedFileRoots: readonly string[];
  /** lets `http(s):` URIs lead to loopback, private and other special addresses */
  readonly isPrivateAddressAllowed: boolean;
  readonly maxBytes: number;
  /** for the whole fetch: look-up, every redirect, and the last byte of the body */
  readonly timeoutMs: number;
  readonly maxRedirects: number;
  /** reads `s3:` URIs; none: no `s3:` URIs */
  readonly s3?: S3SourceReader;
  /** buckets `s3:` URIs may name; not given: whatever the reader's credentials reach */
  readonly allowedBuckets?: readonly string[];
}

export interface FetchOptions {
  /** hex digest the bytes must have */
  readonly sha256?: string;
  readonly signal?: AbortSignal;
}

const MAX_URI_LENGTH = 4096;

/**
 * Brings a picture's bytes from where a stranger's URI says they are. It assumes the URI is hostile: what it may reach
 * is listed, and how long and how much is limited. Throws a DomainError: `uri_not_allowed`, `address_not_allowed`,
 * `source_*`, `too_many_redirects`, `checksum_mismatch`, or `deadline_exceeded` when the caller's signal fired.
 */
export class ImageFetcher {
  private readonly agent: ReturnType<typeof createGuardedAgent>;
  private readonly isAddressAllowed: (address: string) => boolean;

  constructor(private readonly settings: ImageFetcherSettings) {
    this.isAddressAllowed = addressRule(settings);
    const { timeoutMs, maxBytes, lookUp } = settings;
    const resolver = lookUp && { lookUp };
    this.agent = createGuardedAgent({ isAddressAllowed: this.isAddressAllowed, timeoutMs, maxBytes, ...resolver });
  }

  async fetch(uri: string, { sha256, signal }: FetchOptions = {}): Promise<FetchedImage> {
    const source = await withDeadline(this.settings.timeoutMs, signal, (limit) => this.read(uri, limit));
    if (sha256 !== undefined && (await sha256InSlices(source.bytes)) !== sha256.toLowerCase()) {
      throw new DomainError('checksum_mismatch', 'The bytes do not have the announced sha256');
    }
    return source;
  }

  /** Ends what is in flight and closes the connections kept open. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async read(uri: string, signal: AbortSignal): Promise<FetchedImage> {
    const { maxBytes, maxRedirects, allowedSchemes, allowedPorts, allowedFileRoots } = this.settings;
    if (uri.length > MAX_URI_LENGTH || !URL.canParse(uri)) {
      throw new DomainError('uri_not_allowed', 'Not an absolute URI, or too long a one');
    }
    const url = new URL(uri);
    if (allowedSchemes?.includes(url.protocol.slice(0, -1)) === false) throw schemeNotAllowed(url);
    switch (url.protocol) {
      case 'http:':
      case 'https:': {
        const listed = { ...(allowedPorts && { allowedPorts }), ...(allowedSchemes && { allowedSchemes }) };
        const limits = { maxBytes, maxRedirects, isAddressAllowed: this.isAddressAllowed, ...listed };
        return readHttpSource(url, this.agent, limits, signal);
      }
      case 'file:':
        return { bytes: await readFileSource(url, allowedFileRoots, maxBytes, signal) };
      case 's3:': {
        const { s3, allowedBuckets } = this.settings;
        const source = { ...(s3 && { reader: s3 }), ...(allowedBuckets && { allowedBuckets }) };
        return { bytes: await readS3Source(uri, source, maxBytes, signal) };
      }
      default:
        throw schemeNotAllowed(url);
    }
  }
}

const schemeNotAllowed = ({ protocol }: URL): DomainError =>
  new DomainError('uri_not_allowed', `${protocol} URIs are not fetched`);

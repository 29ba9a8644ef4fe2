import { DomainError } from '@housestyle/domain';
import { decodeImage, ImageFetcher, resizeForClip } from '@housestyle/imaging';
import type { FeaturesSettings } from '@housestyle/settings';
import { KeptPictures } from './kept-pictures.js';
import { PoliteHosts, type Politeness } from './polite-hosts.js';

export interface DownloadOptions extends Politeness {
  /** a folder to keep the pictures in, and to look into first; they are gone once encoded when undefined. */
  readonly keptIn: string | undefined;
}

/** Pictures of the web, fetched as an unknown writer's URLs are: to public addresses, within limits of size and time. */
export class PictureDownloads {
  /** what is downloaded at all: with more allowed, what was refused is worth another attempt. */
  readonly allowed: string;
  private readonly fetcher: ImageFetcher;
  private readonly hosts: PoliteHosts;
  private readonly kept: KeptPictures | undefined;

  constructor(settings: FeaturesSettings, { keptIn, ...politeness }: DownloadOptions) {
    this.fetcher = new ImageFetcher({
      allowedFileRoots: [],
      isPrivateAddressAllowed: settings.ALLOW_PRIVATE_ADDRESSES,
      maxBytes: settings.FETCH_MAX_BYTES,
      timeoutMs: settings.FETCH_TIMEOUT_MS,
      maxRedirects: MAX_REDIRECTS,
    });
    this.allowed = `${settings.FETCH_MAX_BYTES}${settings.ALLOW_PRIVATE_ADDRESSES ? ' private' : ''}`;
    this.hosts = new PoliteHosts(politeness);
    this.kept = keptIn === undefined ? undefined : new KeptPictures(keptIn);
  }

  /** [size, size, 3] uint8 RGB. @throws DomainError: what the fetcher and the decoder say */
  async read(url: string, size: number): Promise<Uint8Array> {
    const kept = await this.kept?.find(url);
    if (kept) return resizeForClip(await decodeImage(kept), size);
    return this.hosts.ask(hostOf(url), async () => {
      const { bytes } = await this.fetcher.fetch(url);
      const pixels = resizeForClip(await decodeImage(bytes), size);
      await this.kept?.keep(url, bytes);
      return pixels;
    });
  }

  /** Hosts that did not answer are asked again. */
  tryAgain(): void {
    this.hosts.forgive();
  }

  close(): Promise<void> {
    return this.fetcher.close();
  }
}

function hostOf(url: string): string {
  if (URL.canParse(url)) return new URL(url).hostname;
  throw new DomainError('uri_not_allowed', 'Not an absolute URI');
}

const MAX_REDIRECTS = 5;

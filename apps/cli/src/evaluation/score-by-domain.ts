import {
  evaluateCaptions,
  type CaptionedPicture,
  type CaptionScores,
  type DocumentFrequencies,
} from '@housestyle/evaluation';
import type { OfficialJars } from './official-jars.js';

export type EvaluationScores = CaptionScores & { readonly meteor?: number; readonly spice?: number };
export type DomainScores = EvaluationScores & { readonly pictures: number };

interface Means {
  /** the pictures' own references when undefined. */
  readonly frequencies: DocumentFrequencies | undefined;
  readonly jars: OfficialJars | undefined;
}

/**
 * Scores over all pictures, and over those of each domain as if they were a file of their own, with their own document
 * frequencies: so nocaps is reported.
 * @param pictures tokenised
 */
export async function scoreByDomain(
  pictures: readonly { readonly picture: CaptionedPicture; readonly domain?: string | undefined }[],
  means: Means,
): Promise<{
  readonly entire: EvaluationScores;
  readonly domains: Readonly<Record<string, DomainScores>> | undefined;
  readonly perImage: readonly EvaluationScores[];
}> {
  const { corpus: entire, perImage } = await score(
    pictures.map(({ picture }) => picture),
    means,
  );
  const present = new Set(pictures.map(({ domain }) => domain).filter((domain) => domain !== undefined));
  if (present.size === 0) return { entire, perImage, domains: undefined };
  const domains: Record<string, DomainScores> = {};
  for (const name of [...NOCAPS.filter((domain) => present.delete(domain)), ...[...present].sort()]) {
    const own = pictures.filter(({ domain }) => domain === name).map(({ picture }) => picture);
    domains[name] = { pictures: own.length, ...(await score(own, means)).corpus };
  }
  return { entire, domains, perImage };
}

async function score(pictures: readonly CaptionedPicture[], { frequencies, jars }: Means) {
  const { corpus, perImage } = evaluateCaptions(pictures, frequencies);
  const meteor = await jars?.meteor(pictures);
  const spice = await jars?.spice(pictures);
  return {
    corpus: { ...corpus, ...(meteor && { meteor: meteor.corpus }), ...(spice && { spice: spice.corpus }) },
    perImage: perImage.map((scores, n): EvaluationScores => {
      const jarScores = { meteor: meteor?.perImage[n], spice: spice?.perImage[n] };
      return {
        ...scores,
        ...(jarScores.meteor !== undefined && { meteor: jarScores.meteor }),
        ...(jarScores.spice !== undefined && { spice: jarScores.spice }),
      };
    }),
  };
}

/** In the order that papers print them. */
const NOCAPS = ['in-domain', 'near-domain', 'out-domain'];

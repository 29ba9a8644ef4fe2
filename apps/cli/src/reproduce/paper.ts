/** What the paper reports (Mokady, Hertz, Bermano: ClipCap, arXiv 2111.09734v1, Table 1), its own rows. */
export const PAPER = 'Mokady, Hertz and Bermano, ClipCap (arXiv 2111.09734), Table 1';

export interface PaperScores {
  readonly bleu4?: number;
  readonly meteor?: number;
  readonly rougeL?: number;
  readonly cider?: number;
  readonly spice?: number;
}

export interface PaperRow {
  /** in millions. */
  readonly parameters: number;
  /** on one GTX 1080. */
  readonly hours: number;
  readonly scores: PaperScores;
  /** nocaps: by domain. */
  readonly domains?: Readonly<Record<string, PaperScores>>;
}

/** By data set, then by network; a pair that is missing is missing there. In the paper's own units: hundredths. */
export const PAPER_ROWS: Readonly<Record<string, Readonly<Record<string, PaperRow>>>> = {
  coco: {
    'mlp-tuned': { parameters: 156, hours: 7, scores: { bleu4: 32.15, meteor: 27.1, cider: 108.35, spice: 20.12 } },
    'transformer-frozen': {
      parameters: 43,
      hours: 6,
      scores: { bleu4: 33.53, meteor: 27.45, cider: 113.08, spice: 21.05 },
    },
    'transformer-tuned': {
      parameters: 167,
      hours: 7,
      scores: { bleu4: 32.22, meteor: 27.79, cider: 109.83, spice: 20.63 },
    },
    'mlp-frozen': { parameters: 32, hours: 6, scores: { bleu4: 27.39, meteor: 24.4, cider: 92.38, spice: 18.04 } },
  },
  conceptual: {
    'mlp-tuned': { parameters: 156, hours: 80, scores: { rougeL: 26.71, cider: 87.26, spice: 18.5 } },
    'transformer-frozen': { parameters: 43, hours: 72, scores: { rougeL: 25.12, cider: 71.82, spice: 16.07 } },
  },
  nocaps: {
    'mlp-tuned': {
      parameters: 156,
      hours: 7,
      scores: { cider: 65.7, spice: 11.1 },
      domains: {
        'in-domain': { cider: 79.73, spice: 12.2 },
        'near-domain': { cider: 67.69, spice: 11.26 },
        'out-domain': { cider: 49.35, spice: 9.7 },
      },
    },
    'transformer-frozen': {
      parameters: 43,
      hours: 6,
      scores: { cider: 65.83, spice: 10.86 },
      domains: {
        'in-domain': { cider: 84.85, spice: 12.14 },
        'near-domain': { cider: 66.82, spice: 10.92 },
        'out-domain': { cider: 49.14, spice: 9.57 },
      },
    },
  },
};

/** The paper draws Figure 7 and prints no numbers of it; this is what its text says of the curves. */
export const FIGURE_7_IN_WORDS =
  'In the paper (Figure 7, COCO, 5 epochs a point, curves without a table) a longer prefix with GPT-2 tuned ends in overfitting: the scores on training pictures go on rising, those on test pictures do not. With GPT-2 frozen and the transformer, both rise with the length and then level off. Very short prefixes are worse everywhere.';

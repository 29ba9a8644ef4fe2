/** One training of the paper's grid. */
export interface GridCell {
  readonly mappingType: 'mlp' | 'transformer';
  readonly tuneGpt2: boolean;
  readonly prefixLength: number;
}

/** mlp-tuned, mlp-frozen, transformer-tuned, transformer-frozen: the rows of Table 1, the lines of Figure 7. */
export const networkOf = ({ mappingType, tuneGpt2 }: GridCell): string =>
  `${mappingType}-${tuneGpt2 ? 'tuned' : 'frozen'}`;

/** As the paper calls them. */
export const NETWORK_NAMES: Readonly<Record<string, string>> = {
  'mlp-tuned': 'MLP + GPT-2 tuning',
  'mlp-frozen': 'MLP, GPT-2 frozen',
  'transformer-tuned': 'Transformer + GPT-2 tuning',
  'transformer-frozen': 'Transformer, GPT-2 frozen',
};

export const networkName = (cell: GridCell): string => NETWORK_NAMES[networkOf(cell)]!;

/** A file's name. */
export const cellId = (cell: GridCell): string => `${networkOf(cell)}-${cell.prefixLength}`;

/** Table 1: both mappers, with GPT-2 tuned and frozen. */
export const tableCells = (prefixLength: number): GridCell[] => [
  { mappingType: 'mlp', tuneGpt2: true, prefixLength },
  { mappingType: 'transformer', tuneGpt2: false, prefixLength },
  { mappingType: 'transformer', tuneGpt2: true, prefixLength },
  { mappingType: 'mlp', tuneGpt2: false, prefixLength },
];

/** Figure 7: (a) the MLP with GPT-2 tuned, (b) the transformer with GPT-2 frozen; short prefixes first. */
export const figureCells = (prefixLengths: readonly number[]): GridCell[] =>
  [...prefixLengths]
    .sort((a, b) => a - b)
    .flatMap((prefixLength): GridCell[] => [
      { mappingType: 'mlp', tuneGpt2: true, prefixLength },
      { mappingType: 'transformer', tuneGpt2: false, prefixLength },
    ]);

/** From 1 to 80, each about twice the one before it. */
export const PREFIX_LENGTHS = [1, 2, 5, 10, 20, 40, 80] as const;

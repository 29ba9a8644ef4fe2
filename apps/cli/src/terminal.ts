/** Where a command writes. Results go to stdout, everything else to stderr. */
export interface Terminal {
  print(line: string): void;
  complain(line: string): void;
  /** as it is, to a terminal that a person watches; absent when nobody does. */
  draw?(text: string): void;
}

export const EXIT_OK = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

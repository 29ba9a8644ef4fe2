import { BytePairEncoding, requireToken, splitAtSpecialTokens } from './byte-pair-encoding.js';
import type { BpeFiles } from './model-files.js';

const START_OF_TEXT = '<|startoftext|>';
const END_OF_TEXT = '<|endoftext|>';

const WORDS = /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu;

/** CLIP's lower-case tokenizer with `</w>` word ends, id for id as Hugging Face's `CLIPTokenizer` with truncation. */
export class ClipTokenizer {
  readonly startOfTextId: number;
  readonly endOfTextId: number;
  private readonly encoding: BytePairEncoding;
  private readonly specialTokens: ReadonlyMap<string, number>;

  /**
   * @param maxTokens the text tower's context length (`model_max_length`), start and end included.
   * @throws DomainError `invalid_model` when the files are no CLIP tokenizer.
   */
  constructor(
    files: BpeFiles,
    private readonly maxTokens: number,
  ) {
    this.startOfTextId = requireToken(files, START_OF_TEXT);
    this.endOfTextId = requireToken(files, END_OF_TEXT);
    this.encoding = new BytePairEncoding(files, { endOfWord: '</w>', unknownTokenId: this.endOfTextId });
    this.specialTokens = new Map([
      [START_OF_TEXT, this.startOfTextId],
      [END_OF_TEXT, this.endOfTextId],
    ]);
  }

  /** Start, the words' ids (cut to fit), end; at most `maxTokens` ids. */
  encode(text: string): number[] {
    const ids = splitAtSpecialTokens(text, this.specialTokens).flatMap((piece) =>
      'text' in piece ? this.encodeWords(clean(piece.text)) : [piece.specialTokenId],
    );
    return [this.startOfTextId, ...ids.slice(0, this.maxTokens - 2), this.endOfTextId];
  }

  private encodeWords(text: string): number[] {
    return [...text.matchAll(WORDS)].flatMap(([word]) => this.encoding.encode(word));
  }
}

// Lower-cased character by character: a final Σ becomes σ like any other.
function clean(text: string): string {
  const collapsed = text.normalize('NFC').replace(/\p{White_Space}+/gu, ' ');
  return [...collapsed].map((character) => character.toLowerCase()).join('');
}

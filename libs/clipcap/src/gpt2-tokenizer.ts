import { BytePairEncoding, bytesOfToken, requireToken, splitAtSpecialTokens } from './byte-pair-encoding.js';
import type { BpeFiles } from './model-files.js';

const END_OF_TEXT = '<|endoftext|>';

/** GPT-2's byte-level tokenizer, id for id as Hugging Face's `GPT2Tokenizer`: no prefix space, nothing added. */
export class Gpt2Tokenizer {
  /** `<|endoftext|>`: ends a document, and a caption where a mapper was trained so. */
  readonly endOfTextId: number;
  private readonly encoding: BytePairEncoding;
  private readonly specialTokens: ReadonlyMap<string, number>;
  private readonly bytesOfId: ReadonlyMap<number, Uint8Array>;

  /** @throws DomainError `invalid_model` when the files are no GPT-2 tokenizer. */
  constructor(files: BpeFiles) {
    this.encoding = new BytePairEncoding(files);
    this.endOfTextId = requireToken(files, END_OF_TEXT);
    this.specialTokens = new Map([[END_OF_TEXT, this.endOfTextId]]);
    this.bytesOfId = new Map(
      Object.entries(files.vocab).map(([token, id]) => [
        id,
        Uint8Array.from(bytesOfToken(token) ?? new TextEncoder().encode(token)),
      ]),
    );
  }

  encode(text: string): number[] {
    return splitAtSpecialTokens(text, this.specialTokens).flatMap((piece) =>
      'text' in piece ? this.encoding.encode(piece.text) : [piece.specialTokenId],
    );
  }

  /** The text of `ids`; bytes that are no UTF-8 (a character cut in two) become U+FFFD, unknown ids nothing. */
  decode(ids: readonly number[]): string {
    const bytes = Buffer.concat(ids.map((id) => this.bytesOfId.get(id) ?? new Uint8Array(0)));
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  }
}

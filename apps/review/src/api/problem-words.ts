import { ApiProblem, type ProblemCode } from './client';

/** What an editor can make of a code. Codes without words here show the server's own. */
const WORDS: Partial<Record<ProblemCode, string>> = {
  unreachable: 'The server did not answer. Check your connection and try again.',
  unauthenticated: 'This key is not valid. It may have been revoked.',
  forbidden: 'Your key does not allow this.',
  not_found: 'It is no longer there.',
  conflict: 'Someone else changed it in the meantime.',
  rate_limited: 'That was a lot at once. Try again in a moment.',
  quota_exceeded: 'The quota of pictures a day is used up.',
  payload_too_large: 'The file is too large to upload.',
  source_too_large: 'The file is too large.',
  empty_image: 'The file is empty.',
  unsupported_format: 'This is not a picture we can read. JPEG, PNG, WebP, GIF, TIFF and AVIF work.',
  corrupt_image: 'The picture is damaged or incomplete.',
  too_many_pixels: 'The picture has too many pixels.',
  decode_timeout: 'The picture takes too long to open.',
  decode_out_of_memory: 'The picture needs too much memory to open.',
  decoder_crashed: 'The picture cannot be opened.',
  checksum_mismatch: 'The picture changed or was damaged on its way here.',
  source_not_found: 'The picture is not where the library said it would be.',
  source_forbidden: 'We are not allowed to read the picture.',
  source_timeout: 'The picture did not arrive in time.',
  source_unavailable: 'The picture’s server did not answer.',
  too_many_redirects: 'The picture’s address leads in circles.',
  uri_not_allowed: 'The picture’s address is of a kind that is not allowed here.',
  address_not_allowed: 'The picture’s address leads into a private network.',
  captioner_unavailable: 'The captioner is not available at the moment.',
  captioner_overloaded: 'The captioner is very busy at the moment.',
  attempts_exhausted: 'It was tried several times and never worked.',
  store_unavailable: 'The file store did not answer. Try again in a moment.',
};

/** A sentence for a person. */
export const wordsFor = (code: ProblemCode, fallback = 'Something unexpected happened.'): string =>
  WORDS[code] ?? fallback;

export const wordsForError = (error: unknown): string =>
  error instanceof ApiProblem ? wordsFor(error.code, error.message) : 'The server sent an answer we do not understand.';

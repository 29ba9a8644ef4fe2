/** What the catcher of an error must do about it. */
export type ErrorDisposition = 'retry' | 'permanent';

interface ErrorKind {
  readonly disposition: ErrorDisposition;
  readonly title: string;
}

const permanent = (title: string): ErrorKind => ({ disposition: 'permanent', title });
const retry = (title: string): ErrorKind => ({ disposition: 'retry', title });

/**
 * Every failure the product can report, by its stable code. Codes are part of the public contract
 * (asset rows, dead-letter headers, HTTP problems): they are added, never renamed.
 */
export const ERROR_CODES = {
  // an upload event or an S3 notification
  malformed_event: permanent('The event is not a valid upload event'),
  unsupported_event_type: permanent('The event type is not handled here'),
  unknown_tenant: permanent('No such tenant'),
  invalid_tenant: permanent('The tenant id is malformed'),
  unmapped_bucket: permanent('No tenant is mapped to this bucket and prefix'),

  // fetching the picture
  uri_not_allowed: permanent('The URI scheme, host or path is not allowed'),
  address_not_allowed: permanent('The URI leads to an address that is not allowed'),
  source_not_found: permanent('The picture is not there'),
  source_forbidden: permanent('The picture may not be read'),
  source_too_large: permanent('The picture has too many bytes'),
  source_timeout: retry('The picture did not arrive in time'),
  source_unavailable: retry('The picture’s server did not answer'),
  too_many_redirects: permanent('The URI redirects too often'),
  checksum_mismatch: permanent('The bytes do not have the announced sha256'),

  // decoding the picture
  empty_image: permanent('The file has no bytes'),
  unsupported_format: permanent('The file is not a supported picture format'),
  corrupt_image: permanent('The picture cannot be decoded'),
  too_many_pixels: permanent('The picture has too many pixels'),
  decode_timeout: permanent('The picture took too long to decode'),
  decode_out_of_memory: permanent('The picture needs too much memory to decode'),
  decoder_crashed: permanent('Decoding the picture crashed'),

  // models and captioning
  model_not_found: permanent('No such base model'),
  model_unavailable: retry('The base model is not loaded at the moment'),
  invalid_model: permanent('The model directory is incomplete or contradictory'),
  corrupt_checkpoint: permanent('A weights file is truncated or malformed'),
  unsafe_checkpoint: permanent('A weights file asks for more than tensors'),
  unsupported_checkpoint: permanent('A weights file is in a format that has to be converted first'),
  mapper_not_found: retry('The mapper artefact is not in the store'),
  mapper_mismatch: permanent('The mapper does not fit the base model'),
  training_diverged: permanent('The training run’s loss is no longer a number'),
  invalid_request: permanent('The request is malformed'),
  captioner_unavailable: retry('The captioner did not answer'),
  captioner_overloaded: retry('The captioner’s queue is full'),
  deadline_exceeded: retry('The deadline passed'),

  // people and tenants
  unauthenticated: permanent('No valid API key'),
  forbidden: permanent('The API key does not allow this'),
  not_found: permanent('No such resource'),
  conflict: permanent('The resource changed in the meantime'),
  payload_too_large: permanent('The request body is too large'),
  rate_limited: retry('Too many requests'),
  quota_exceeded: retry('The quota of assets a day is used up'),

  // ourselves
  invalid_settings: permanent('A setting is missing or wrong'),
  device_unavailable: permanent('The device to compute on is not there'),
  store_unavailable: retry('The object store did not answer'),
  attempts_exhausted: permanent('Every attempt failed'),
  internal: retry('Something unexpected happened'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

export const isErrorCode = (value: string): value is ErrorCode => Object.hasOwn(ERROR_CODES, value);

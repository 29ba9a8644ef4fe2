/** Something landed; no payload. Sent by landing, heard by the pipeline. */
export const LANDED_CHANNEL = 'housestyle_landed';
/** `<tenantId>:<suggestionId>`, a new suggestion. */
export const SUGGESTION_CHANNEL = 'housestyle_suggestion';
/** `<tenantId>:<suggestionId>`, its review was made, replaced or taken back. */
export const REVIEW_CHANNEL = 'housestyle_review';
/** `<tenantId>:<asset row id>`, an asset failed for good. */
export const FAILURE_CHANNEL = 'housestyle_failure';
/** Events wait to be published; no payload. */
export const OUTBOX_CHANNEL = 'housestyle_outbox';

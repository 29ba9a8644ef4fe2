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
/** `<tenantId>:<training run id>`, a run was asked for, moved on or ended. */
export const TRAINING_CHANNEL = 'housestyle_training';
/** `<tenantId>:`, the tenant's timetable changed. */
export const SCHEDULE_CHANNEL = 'housestyle_schedule';
/** `<tenantId>:<promotion id>`, another mapper is champion. */
export const PROMOTION_CHANNEL = 'housestyle_promotion';

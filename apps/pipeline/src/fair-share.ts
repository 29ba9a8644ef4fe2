/**
 * The most that one of several users of `capacity` places may hold: three quarters of what the others leave. Whoever
 * comes first can so never take everything: as long as few of them keep their places for ever, the next finds some.
 */
export const MAX_SHARE = 0.75;

export const shareOf = (capacity: number, heldByOthers: number): number =>
  Math.ceil(MAX_SHARE * (capacity - heldByOthers));

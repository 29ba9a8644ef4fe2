import type { TenantId } from '@housestyle/domain';

/** Every event type; a type's name is also the name of its topic unless settings say otherwise. */
export const EVENT_TYPES = {
  assetUploaded: 'housestyle.asset.uploaded.v1',
  captionSuggested: 'housestyle.caption.suggested.v1',
  captionReviewed: 'housestyle.caption.reviewed.v1',
  mapperPromoted: 'housestyle.mapper.promoted.v1',
  assetFailed: 'housestyle.asset.failed.v1',
} as const;

export type EventType = (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES];

/** CloudEvents `source` of everything this product publishes. */
export const EVENT_SOURCE = 'urn:housestyle';

/** The topic that takes what could not be processed from `topic`. */
export const deadLetterTopic = (topic: string): string => `${topic}.dlt`;

/** The message key: all events of one picture keep their order, and one tenant spreads over the partitions. */
export const eventKey = (tenantId: TenantId, assetId: string): string => `${tenantId}/${assetId}`;

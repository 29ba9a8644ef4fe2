/** COCO numbers its pictures; others name them. */
export type ImageId = number | string;

export const isImageId = (value: unknown): value is ImageId => typeof value === 'number' || typeof value === 'string';

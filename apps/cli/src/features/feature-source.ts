/** A picture to encode, and what is said of it. A picture that comes again, by its name, is encoded once. */
export interface FeaturePicture {
  /** what the features call it. */
  readonly name: string;
  readonly place: PicturePlace;
  /** blank ones do not count; without any, the picture is not encoded. */
  readonly captions: readonly string[];
}

/** Where a picture is: one of several files, the likeliest first, or on the web. */
export type PicturePlace = { readonly files: readonly string[] } | { readonly url: string };

/** What every kind of dataset comes to; pictures come in the order that their features will have. */
export interface FeatureSource {
  /** where they are, as a person would say it. */
  readonly label: string;
  /** From the first, each time it is called. */
  pictures(): Iterable<FeaturePicture> | AsyncIterable<FeaturePicture>;
}

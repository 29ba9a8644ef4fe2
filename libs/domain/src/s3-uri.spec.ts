import { describe, expect, it } from 'vitest';

import { formatS3Uri, parseS3Uri } from './s3-uri.js';

describe('S3 URIs', () => {
  it.each([
    { bucket: 'media', key: 'a/b.jpg' },
    { bucket: 'media', key: 'a b/ü?#%41+&.jpg', versionId: 'x/y=1' },
    { bucket: 'my.bucket-1', key: '//double//slashes' },
  ])('survive the way there and back: %j', (location) => {
    expect(parseS3Uri(formatS3Uri(location))).toEqual(location);
  });

  it('understand a raw space', () => {
    expect(parseS3Uri('s3://media/my photo.jpg')).toEqual({ bucket: 'media', key: 'my photo.jpg' });
  });

  it.each(['s3://media', 's3://media/', 's3:///key', 's3://media/%zz', 's3://a@b:c/key', 's3://media/k?x=1'])(
    'refuse %s',
    (uri) => {
      expect(() => parseS3Uri(uri)).toThrow(expect.objectContaining({ code: 'uri_not_allowed' }));
    },
  );
});

import { tenantId } from '@housestyle/domain';
import { describe, expect, it } from 'vitest';
import type { IncomingMessage } from './message.js';
import { parseS3Notification, toUpload } from './s3-notification.js';

const read = (value: unknown): IncomingMessage => ({
  topic: 'bucket-events',
  partition: 0,
  offset: '0',
  timestamp: '0',
  key: null,
  value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  headers: {},
});

const record = (object: object, eventName = 'ObjectCreated:Put') => ({
  eventName,
  s3: { bucket: { name: 'pictures' }, object: { size: 9, sequencer: '0A1', ...object } },
});

const ANN = tenantId('7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10');

describe('parseS3Notification', () => {
  it('reads every record of AWS and of MinIO, decoding keys', () => {
    const message = read({
      EventName: 's3:ObjectCreated:Put',
      Key: 'pictures/a b.jpg',
      Records: [
        record({ key: 'shelf/a+b%2Bc%C3%BC.jpg', versionId: 'v7' }),
        record(
          { key: 'plain.png', versionId: 'null', contentType: 'image/png' },
          's3:ObjectCreated:CompleteMultipartUpload',
        ),
      ],
    });
    expect(parseS3Notification(message).objects).toEqual([
      { bucket: 'pictures', key: 'shelf/a b+cü.jpg', version: 'v7', versionId: 'v7' },
      { bucket: 'pictures', key: 'plain.png', version: '0A1', contentType: 'image/png' },
    ]);
  });

  it('passes over removals, folders and the test message', () => {
    const records = [record({ key: 'a' }, 'ObjectRemoved:Delete'), record({ key: 'folder/', size: 0 })];
    const nothing = { objects: [], refusals: [] };
    expect(parseS3Notification(read({ Records: records }))).toEqual(nothing);
    const test = read({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'pictures' });
    expect(parseS3Notification(test)).toEqual(nothing);
  });

  it.each([
    ['text', 'hello'],
    ['no records', {}],
  ])('refuses %s', (_, value) => {
    expect(() => parseS3Notification(read(value))).toThrowError(expect.objectContaining({ code: 'malformed_event' }));
  });

  it.each([
    ['without an object', { eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'b' } } }],
    ['with a key that is not URL-encoded', record({ key: '%E0%A4%A' })],
    ['with neither version nor sequencer', record({ key: 'a', sequencer: undefined })],
    ['with a NUL in the key', record({ key: 'a%00b' })],
  ])('refuses a record %s, and takes those around it', (_, bad) => {
    const { objects, refusals } = parseS3Notification(
      read({ Records: [record({ key: 'before' }), bad, record({ key: 'after' })] }),
    );
    expect(objects.map(({ key }) => key)).toEqual(['before', 'after']);
    expect(refusals).toEqual([
      expect.objectContaining({ code: 'malformed_event', message: expect.stringMatching(/^Records\.1: /) as string }),
    ]);
  });
});

describe('toUpload', () => {
  it('writes a URI that leads back to the key and the version', () => {
    const upload = toUpload({ bucket: 'pictures', key: 'a b#?.jpg', version: 'v7', versionId: 'v7' }, ANN);
    expect(upload).toEqual({
      tenantId: ANN,
      assetId: 'a b#?.jpg',
      version: 'v7',
      uri: 's3://pictures/a%20b%23%3F.jpg?versionId=v7',
    });
  });

  it('refuses a bucket nobody owns', () => {
    expect(() => toUpload({ bucket: 'stray', key: 'a', version: '1' }, undefined)).toThrowError(
      expect.objectContaining({ code: 'unmapped_bucket' }),
    );
  });
});

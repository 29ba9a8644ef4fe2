import { describe, expect, it } from 'vitest';
import { toCloudEventMessage } from './cloud-event.js';
import type { IncomingMessage } from './message.js';
import { parseUploadEvent } from './upload-event.js';

const TYPE = 'housestyle.asset.uploaded.v1';
const data = {
  tenantId: '7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10',
  assetId: 'shelf/9 ü.jpg',
  version: '1',
  uri: 'https://dam.example/9',
};

const read = (value: unknown, headers: Record<string, string>): IncomingMessage => ({
  topic: TYPE,
  partition: 0,
  offset: '0',
  timestamp: '0',
  key: null,
  value: value === null ? null : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});

const BINARY = { ce_id: '1', ce_type: TYPE, ce_source: 'urn:dam', ce_specversion: '1.0' };
const structured = { id: '1', type: TYPE, source: 'urn:dam', specversion: '1.0', data };
const codeOf = (message: IncomingMessage): unknown => {
  try {
    return parseUploadEvent(message);
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('an upload event', () => {
  it.each([
    ['binary, with its content type', read(data, { ...BINARY, 'content-type': 'application/json' })],
    ['binary, without one', read(data, BINARY)],
    [
      'binary, header names in capitals',
      read(data, { CE_ID: '1', CE_TYPE: TYPE, CE_SOURCE: 's', CE_SPECVERSION: '1.0' }),
    ],
    [
      'binary, a time and an extension',
      read(data, { ...BINARY, ce_time: '2026-01-02T03:04:05Z', ce_traceparent: '00-1' }),
    ],
    [
      'structured, without the optional time',
      read(structured, { 'content-type': 'application/cloudevents+json; charset=utf-8' }),
    ],
  ])('is read in %s', (_, message) => {
    expect(codeOf(message)).toEqual(data);
  });

  it('is read back from what toCloudEventMessage writes', () => {
    const written = toCloudEventMessage({ id: 'e1', type: TYPE, key: 'k', time: new Date(), data });
    expect(written).toMatchObject({ topic: TYPE, key: 'k', headers: { ce_id: 'e1', ce_subject: 'k' } });
    const headers = written.headers as Record<string, string>;
    expect(headers['content-type']).toBe('application/json');
    expect(parseUploadEvent(read(String(written.value), headers))).toEqual(data);
  });

  it.each([
    ['malformed_event', read('not JSON', BINARY)],
    ['malformed_event', read(null, BINARY)],
    ['malformed_event', read(data, {})],
    ['malformed_event', read(data, { ...BINARY, ce_specversion: '0.1' })],
    ['malformed_event', read(data, { ...BINARY, ce_time: 'yesterday' })],
    ['malformed_event', read([data], { ...BINARY, 'content-type': 'application/cloudevents-batch+json' })],
    ['malformed_event', read({ ...data, uri: undefined }, BINARY)],
    ['malformed_event', read({ ...data, tenantId: 'x', uri: undefined }, BINARY)],
    ['malformed_event', read('"text"', BINARY)],
    ['invalid_tenant', read({ ...data, tenantId: 'tenant-1' }, BINARY)],
    ['unsupported_event_type', read(data, { ...BINARY, ce_type: 'housestyle.asset.deleted.v1' })],
  ])('is refused as %s', (code, message) => {
    expect(codeOf(message)).toBe(code);
  });
});

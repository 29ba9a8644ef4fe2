import { PayloadTooLargeException } from '@nestjs/common';
import { DomainError } from '@housestyle/domain';
import { describe, expect, it } from 'vitest';
import { InvalidRequestError, toHttpProblem } from './to-http-problem.js';

const statusAndCode = (thrown: unknown) => {
  const { status, code } = toHttpProblem(thrown, '/here');
  return [status, code];
};

describe('an error on its way out', () => {
  it('keeps its code and gets the status that belongs to it', () => {
    expect(statusAndCode(new DomainError('not_found', 'x'))).toEqual([404, 'not_found']);
    expect(statusAndCode(new DomainError('store_unavailable', 'x'))).toEqual([503, 'store_unavailable']);
    expect(statusAndCode(new DomainError('corrupt_image', 'x'))).toEqual([500, 'corrupt_image']);
  });

  it('gets a code when Nest or the body parser threw it', () => {
    expect(statusAndCode(new PayloadTooLargeException())).toEqual([413, 'payload_too_large']);
    expect(statusAndCode(Object.assign(new Error('too long'), { status: 414 }))).toEqual([414, 'invalid_request']);
    expect(statusAndCode(Object.assign(new Error('odd'), { status: 502 }))).toEqual([500, 'internal']);
    expect(statusAndCode('a string')).toEqual([500, 'internal']);
  });

  it('tells nothing of what went wrong inside', () => {
    const problem = toHttpProblem(new Error('password=hunter2'), '/here');
    expect(JSON.stringify(problem)).not.toContain('hunter2');
    expect(problem).toEqual({
      type: 'urn:housestyle:problem:internal',
      title: 'Something unexpected happened',
      status: 500,
      instance: '/here',
      code: 'internal',
    });
  });

  it('names every wrong field', () => {
    const errors = [
      { path: 'uri', message: 'expected a URL' },
      { path: '', message: 'one key too many' },
    ];
    expect(toHttpProblem(new InvalidRequestError(errors), '/here')).toMatchObject({
      detail: 'uri: expected a URL; one key too many',
      errors,
    });
  });
});

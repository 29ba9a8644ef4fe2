import { describe, expect, it } from 'vitest';
import { routeOf, runPath } from './route';

const RUN = '0f8c1f1e-55aa-4cde-9a33-7f1f0d1e2a3b';

describe('an address', () => {
  it.each([
    ['/', { place: 'desk' }],
    ['/nowhere', { place: 'desk' }],
    ['/learning', { place: 'learning' }],
    ['/learning/', { place: 'learning' }],
    ['/learning/runs/7', { place: 'learning' }],
    [runPath(RUN), { place: 'run', runId: RUN }],
    [`${runPath(RUN)}/`, { place: 'run', runId: RUN }],
  ])('%s leads to %o', (pathname, route) => {
    expect(routeOf(pathname)).toEqual(route);
  });
});

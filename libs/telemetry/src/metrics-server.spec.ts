import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MetricsServer } from './metrics-server.js';
import { Metrics } from './metrics.js';

describe('MetricsServer', () => {
  const metrics = new Metrics('spec');
  let isReady = false;
  let server: MetricsServer;
  const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);

  beforeAll(async () => {
    server = await MetricsServer.listen({ host: '127.0.0.1', port: 0, metrics, isReady: () => isReady });
  });
  afterAll(() => server.close());

  it('answers health always and readiness as it is', async () => {
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(503);
    isReady = true;
    expect((await get('/readyz')).status).toBe(200);
  });

  it('renders the metrics', async () => {
    metrics.counter('things_total', 'things').inc(3);
    expect(await (await get('/metrics')).text()).toContain('housestyle_things_total{app="spec"} 3');
  });

  it('has nothing else', async () => {
    expect((await get('/secrets')).status).toBe(404);
  });
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp } from '../support/app-process.js';
import { problemOf, startTestApi, type TestApi } from '../support/running-api.js';

interface Operation {
  readonly operationId: string;
  readonly security?: object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: object }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema?: object }> };
  readonly responses: Record<string, { readonly description: string; readonly content?: Record<string, object> }>;
}

interface OpenApi {
  readonly openapi: string;
  readonly security: object[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object>; readonly securitySchemes: Record<string, object> };
}

let api: TestApi;
let page: string;
let document: OpenApi;
let operations: { name: string; route: string; operation: Operation }[];

beforeAll(async () => {
  page = await mkdtemp(path.join(tmpdir(), 'housestyle-page-'));
  await mkdir(path.join(page, 'assets'));
  await writeFile(path.join(page, 'index.html'), '<!doctype html><title>the page</title>');
  await writeFile(path.join(page, 'assets', 'main-4f2a.js'), 'export {};');
  api = await startTestApi({ REVIEW_PAGE: page });
  document = (await (await fetch(`${api.url}/docs-json`)).json()) as OpenApi;
  operations = Object.entries(document.paths).flatMap(([route, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${route}`, route, operation })),
  );
});
afterAll(async () => {
  await api.stop();
  await rm(page, { recursive: true, force: true });
});

describe('the OpenAPI document', () => {
  it('is docs/openapi.json (vitest -u writes it)', async () => {
    const file = fileURLToPath(new URL('../../docs/openapi.json', import.meta.url));
    const style = await resolveConfig(file);
    await expect(await format(JSON.stringify(document), { ...style, parser: 'json' })).toMatchFileSnapshot(file);
  });

  it('has a schema for every body, parameter and answer', () => {
    expect(document.openapi).toMatch(/^3\./);
    expect(operations.length).toBeGreaterThan(15);
    for (const { name, route, operation } of operations) {
      for (const parameter of operation.parameters ?? []) expect(parameter.schema, name).toBeTypeOf('object');
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map((p) => p.name);
      expect(inPath, name).toEqual([...route.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter));
      for (const media of Object.values(operation.requestBody?.content ?? {})) expect(media.schema, name).toBeDefined();
      const success = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
      expect(success, name).toHaveLength(1);
      const [[status, answer]] = success as [[string, Operation['responses'][string]]];
      if (status !== '204') expect(Object.keys(answer.content ?? {}), name).toHaveLength(1);
      if (route.startsWith('/v1/')) {
        expect(operation.responses['default']?.content, name).toHaveProperty(['application/problem+json']);
      }
    }
  });

  it('names every operation once, and refers only to what it holds', () => {
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);
    expect(references.length).toBeGreaterThan(30);
    for (const reference of new Set(references)) {
      const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(reference) ?? [];
      expect(document.components.schemas, reference).toHaveProperty(name ?? reference);
    }
  });

  it('says which routes need a key, and knows the kinds it names', () => {
    const open = operations.filter(({ operation }) =>
      operation.security?.some((kind) => Object.keys(kind).length === 0),
    );
    expect(open.map(({ name }) => name).sort()).toEqual([
      'delete /v1/session',
      'get /healthz',
      'get /readyz',
      'post /v1/session',
    ]);
    expect(Object.keys(document.components.securitySchemes).sort()).toEqual(['bearer', 'housestyle_session']);
    expect(document.security).toEqual([{ bearer: [] }, { housestyle_session: [] }]);
  });

  it('is shown to people without any script of the page’s own inside', async () => {
    const html = await (await fetch(`${api.url}/docs`)).text();
    expect(html).toContain('Housestyle API');
    expect([...html.matchAll(/<script(?![^>]*\bsrc=)/g)]).toEqual([]);
  });
});

describe('every answer', () => {
  it('carries the security headers', async () => {
    for (const route of ['/', '/docs', '/healthz', '/v1/session', '/nowhere']) {
      const { headers } = await fetch(api.url + route);
      const policy = headers.get('content-security-policy');
      expect(policy, route).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
      expect(policy, route).not.toMatch(/script-src [^;]*(unsafe|\*|http|data:|blob:)/);
      if (route !== '/docs') expect(policy, route).not.toContain('unsafe');
      if (/^\/(v1|healthz)/.test(route)) expect(policy, route).toMatch(/;sandbox$/);
      else expect(policy, route).toContain("script-src 'self'");
      expect(headers.get('strict-transport-security'), route).toBeNull();
      expect(headers.get('content-security-policy'), route).not.toContain('upgrade-insecure-requests');
      expect(headers.get('x-content-type-options'), route).toBe('nosniff');
      expect(headers.get('x-frame-options'), route).toBe('DENY');
      expect(headers.get('referrer-policy'), route).toBe('no-referrer');
      expect(headers.get('x-powered-by'), route).toBeNull();
      expect(headers.get('access-control-allow-origin'), route).toBeNull();
    }
  });

  it('is a whole problem when it is one', async () => {
    expect(await problemOf(await fetch(`${api.url}/v1/nowhere`))).toEqual({
      type: 'urn:housestyle:problem:not_found',
      title: 'No such resource',
      status: 404,
      detail: 'Cannot GET /v1/nowhere',
      instance: '/v1/nowhere',
      code: 'not_found',
    });
  });
});

describe('the review page', () => {
  const asBrowser = { headers: { accept: 'text/html,*/*;q=0.8' } };

  it('is served at / and at every address of its own', async () => {
    for (const route of ['/', '/assets-view', '/suggestions/123']) {
      const answer = await fetch(api.url + route, asBrowser);
      expect(answer.headers.get('cache-control'), route).toBe('no-cache');
      expect(await answer.text(), route).toContain('the page');
    }
  });

  it('has its built files cached for ever', async () => {
    const answer = await fetch(`${api.url}/assets/main-4f2a.js`);
    expect(answer.headers.get('content-type')).toMatch(/javascript/);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it('does not swallow the API, nor missing files', async () => {
    for (const route of ['/v1/nowhere', '/v1', '/assets/gone.js', '/%2e%2e/package.json']) {
      const answer = await fetch(api.url + route, asBrowser);
      expect([401, 404], route).toContain(answer.status);
      expect(answer.headers.get('content-type'), route).toMatch(/^application\/problem\+json/);
    }
    expect((await fetch(`${api.url}/docs`, asBrowser)).status).toBe(200);
  });
});

describe('operations', () => {
  it('is healthy and ready, and counts its requests by route', async () => {
    expect(await (await fetch(`${api.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${api.url}/readyz`)).json()).toEqual({ status: 'ok' });
    const metrics = await fetch(`${api.url}/metrics`);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await metrics.text()).toMatch(/housestyle_api_request_seconds_count\{.*route="\/healthz",status="200"/);
  });
});

describe('the process', () => {
  const startWith = async (environment: Record<string, string>) => {
    const app = await startApp('api', { environment: { DATABASE_URL: api.test.adminUrl, PORT: '0', ...environment } });
    return { code: await app.exited, output: app.output() };
  };

  it('does not start with wrong settings, and names each', async () => {
    expect(await startWith({ DATABASE_URL: 'mysql://h/db', PORT: 'eighty' })).toEqual({
      code: 1,
      output: expect.stringMatching(/DATABASE_URL: [^]*PORT: /) as string,
    });
    expect(await startWith({ REVIEW_PAGE: '/nowhere' })).toEqual({
      code: 1,
      output: expect.stringMatching(/REVIEW_PAGE: no index\.html/) as string,
    });
    expect(await startWith({ UPLOAD_STORE: 'ftp://x' })).toEqual({
      code: 1,
      output: expect.stringContaining('UPLOAD_STORE') as string,
    });
    expect(await startWith({ PORT: new URL(api.url).port })).toEqual({
      code: 1,
      output: expect.stringMatching(/PORT: .*EADDRINUSE/) as string,
    });
    expect(await startWith({ DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none' })).toEqual({
      code: 1,
      output: expect.stringContaining('DATABASE_URL') as string,
    });
  });

  it('stops on SIGTERM', async () => {
    const port = String(20_000 + Math.floor(Math.random() * 20_000));
    const environment = { DATABASE_URL: api.test.adminUrl, PORT: port, UPLOAD_STORE: page, REVIEW_PAGE: page };
    const app = await startApp('api', { environment, readyUrl: `http://127.0.0.1:${port}/readyz` });
    expect(await app.stop()).toBe(0);
  });
});

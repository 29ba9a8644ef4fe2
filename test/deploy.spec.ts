import { validate, ValidationSeverity } from 'dockerfile-utils';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const DOCKER = 'deploy/docker';

describe.each(readdirSync(DOCKER))('%s', (file) => {
  const text = readFileSync(join(DOCKER, file), 'utf8');

  it('has no lint error', () => {
    const problems = validate(text, { casePreferences: undefined } as never);
    const errors = problems.filter((problem) => problem.severity === ValidationSeverity.ERROR);
    expect(errors).toEqual([]);
  });

  it('does not end as root', () => {
    const users = [...text.matchAll(/^USER (\S+)/gm)].map((match) => match[1]);
    expect(users.at(-1)).toBeDefined();
    expect(users.at(-1)).not.toBe('root');
  });

  it('copies only what the checkout or a build stage has', () => {
    const sources = [...text.matchAll(/^COPY --from=build (?:--chown=\S+ )?\/src\/(\S+)/gm)].map((match) => match[1]!);
    const missing = sources.filter((source) => !existsSync(source) && !isBuilt(source));
    expect(missing).toEqual([]);
  });

  it('starts a program that has a source', () => {
    const [, program] = /^CMD \["node", "(\S+)"\]$/m.exec(text) ?? [];
    const source = program?.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
    expect(source).toMatch(/^apps\/\w+\/src\/\w+\.ts$/);
    expect(existsSync(source!), source).toBe(true);
  });
});

it('lets the GPU image compute on its GPU', () => {
  expect(readFileSync(join(DOCKER, 'captioner-gpu.Dockerfile'), 'utf8')).toMatch(/^ENV [^]*?DEVICE=cuda WORKERS=1$/m);
});

const isBuilt = (path: string) => path === 'node_modules' || path.endsWith('/dist');

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: object;
}

describe('compose.yaml', () => {
  const compose = parse(readFileSync('deploy/compose.yaml', 'utf8')) as {
    services: Record<string, Service>;
  };

  it('builds from Dockerfiles that exist', () => {
    const builds = Object.values(compose.services).flatMap((service) => (service.build ? [service.build] : []));
    expect(builds.length).toBeGreaterThan(0);
    for (const build of builds) expect(existsSync(join('deploy', build.context, build.dockerfile))).toBe(true);
  });

  it('runs every app that has an image, with one artefact store for who writes it and who reads it', () => {
    const built = Object.values(compose.services).map(({ build }) => build?.dockerfile);
    const images = readdirSync(DOCKER).filter((file) => !file.includes('-gpu'));
    expect(images.map((file) => join(DOCKER, file)).filter((file) => !built.includes(file))).toEqual([]);
    const { captioner, trainer } = compose.services;
    expect(trainer!.environment?.['ARTEFACT_STORE']).toBe(captioner!.environment?.['ARTEFACT_STORE']);
    expect(trainer!.volumes).toEqual(captioner!.volumes);
  });

  it('serves and trains the same base models, and pulls them where both find them', () => {
    const { captioner, trainer, api } = compose.services;
    const [served, trained] = [captioner, trainer].map((service) => service!.environment?.['MODEL_DIRECTORIES']);
    expect(served).toBe('${MODEL_DIRECTORIES:-models/demo}');
    expect(trained).toBe(served);
    const libraries = [captioner, trainer, api].map((service) => service!.environment?.['MODEL_LIBRARY']);
    expect(new Set(libraries)).toEqual(new Set(['/data/models']));
    for (const service of [captioner, trainer, api]) expect(service!.volumes).toContain('data:/data');
  });

  it('mounts volumes where its images have a folder that their user owns', () => {
    const mounts = Object.values(compose.services).flatMap(({ build, volumes = [] }) =>
      build ? volumes.map((volume) => ({ file: join('deploy', build.context, build.dockerfile), volume })) : [],
    );
    expect(mounts.length).toBeGreaterThan(0);
    for (const { file, volume } of mounts) {
      const folder = volume.split(':')[1]!;
      expect(readFileSync(file, 'utf8'), file).toMatch(new RegExp(`chown .*${folder}(\\s|$)`, 'm'));
    }
  });

  it('depends only on services it defines', () => {
    const names = Object.keys(compose.services);
    for (const service of Object.values(compose.services)) {
      for (const dependency of Object.keys(service.depends_on ?? {})) expect(names).toContain(dependency);
    }
  });
});

describe('compose.tls.yaml', () => {
  const read = (file: string) =>
    parse(readFileSync(join('deploy', file), 'utf8')) as { services: Record<string, Service> };
  const { services } = read('compose.tls.yaml');

  it('gives a certificate of its own to every end of the captioner’s channel', () => {
    const all = read('compose.yaml').services;
    const clients = Object.keys(all).filter((name) => all[name]!.environment?.['CAPTIONER_ADDRESS']);
    expect(Object.keys(services).sort()).toEqual(['captioner', ...clients].sort());
    expect(services['captioner']!.environment?.['CAPTIONER_TLS_CLIENTS']?.split(',').sort()).toEqual(clients.sort());
    const settings = readFileSync('docs/settings.md', 'utf8');
    const made = readFileSync('deploy/certificates.sh', 'utf8');
    for (const [name, { environment = {}, volumes = [] }] of Object.entries(services)) {
      expect(made).toMatch(new RegExp(`for name in .*\\b${name}\\b`));
      for (const variable of Object.keys(environment)) expect(settings).toContain(`\`${variable}\``);
      const files = ['CERT', 'KEY', 'CA'].map((end) => environment[`CAPTIONER_TLS_${end}`]);
      expect(volumes.map((volume) => volume.split(':')[1])).toEqual(files);
    }
  });
});

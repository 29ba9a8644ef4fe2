import { toDomainError } from '@housestyle/domain';
import { readStandaloneSettings } from '@housestyle/settings';
import { Standalone } from './standalone.js';

try {
  const settings = readStandaloneSettings();
  const standalone = new Standalone(settings, (app) => {
    console.error(`${app} keeps exiting; see its messages above`);
    void stop(1);
  });

  let isStopping = false;
  const stop = async (exitCode: number) => {
    if (isStopping) process.exit(exitCode); // asked twice: at once; the children notice that their parent is gone
    isStopping = true;
    await standalone.stop();
    process.exit(exitCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));

  const begun = performance.now();
  console.log('Housestyle is starting: PostgreSQL, captioner, pipeline, page …');
  try {
    const { url, tenants, baseModel } = await standalone.start();
    console.log(`
Housestyle is running (${((performance.now() - begun) / 1000).toFixed(1)} s)

  page        ${url}
  API         ${url}/docs
${tenants.map(({ name, apiKey }, n) => `  key ${n + 1}       ${apiKey}   ${name}`).join('\n')}

Sign in with either key: the sample pictures are being captioned. Drop your own onto the page.
${aboutModel(baseModel)}
Ctrl-C stops everything; ${settings.HOUSESTYLE_DATA}/ keeps it for the next start.
`);
  } catch (error) {
    console.error(toDomainError(error).message);
    await stop(1);
  }
} catch (error) {
  console.error(toDomainError(error).message);
  process.exit(1);
}

function aboutModel(name: string): string {
  if (name !== 'demo') return `They are captioned with the base model ${name}.`;
  return 'The demo model knows drawn picture-book scenes only; for photographs see docs/models.md.';
}

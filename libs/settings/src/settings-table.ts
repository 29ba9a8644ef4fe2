import { type z } from 'zod';
import { ADMINISTRATION_VARIABLES } from './administration-settings.js';
import { API_VARIABLES } from './api-settings.js';
import { CAPTIONER_VARIABLES } from './captioner-settings.js';
import { CLIENT_VARIABLES } from './client-settings.js';
import { FEATURES_VARIABLES } from './features-settings.js';
import { HUB_VARIABLES } from './hub-settings.js';
import { PIPELINE_VARIABLES } from './pipeline-settings.js';
import type { VariableMeta } from './read-settings.js';
import { REDRIVE_VARIABLES } from './redrive-settings.js';
import { STANDALONE_VARIABLES } from './standalone-settings.js';
import { TRAINER_VARIABLES } from './trainer-settings.js';
import { TRAINING_VARIABLES } from './training-settings.js';

const APPS: Readonly<Record<string, z.ZodRawShape>> = {
  'npm start': STANDALONE_VARIABLES,
  'apps/api': API_VARIABLES,
  'apps/pipeline': PIPELINE_VARIABLES,
  'apps/captioner': CAPTIONER_VARIABLES,
  'apps/trainer': TRAINER_VARIABLES,
  'housestyle migrate, housestyle tenants, housestyle keys': ADMINISTRATION_VARIABLES,
  'housestyle redrive': REDRIVE_VARIABLES,
  'housestyle models': HUB_VARIABLES,
  'housestyle features conceptual': FEATURES_VARIABLES,
  'housestyle train': TRAINING_VARIABLES,
  'housestyle training': CLIENT_VARIABLES,
};

/** docs/settings.md: every variable of every app, made from the schemas that read them. */
export function settingsDocument(): string {
  const sections = Object.entries(APPS).map(([app, shape]) => `## ${app}\n\n${table(shape)}`);
  return `# Settings\n\nEnvironment variables; an empty one counts as unset. Made from \`libs/settings\`.\n\n${sections.join('\n\n')}\n`;
}

function table(shape: z.ZodRawShape): string {
  const rows = Object.entries(shape).map(([name, schema]) => row(name, schema as z.ZodType));
  return ['| variable | default | what it is |', '|---|---|---|', ...rows].join('\n');
}

function row(name: string, schema: z.ZodType): string {
  const meta = schema.meta() as VariableMeta;
  const unset = schema.safeParse(undefined);
  const fallback = unset.success ? shown(unset.data) : 'required';
  const notes = [meta.unit && `in ${meta.unit}`, meta.secret && 'secret'].filter(Boolean).join(', ');
  return `| \`${name}\` | ${fallback} | ${meta.description}${notes ? ` (${notes})` : ''} |`;
}

function shown(value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : JSON.stringify(value)?.replaceAll('"', '');
  return text ? `\`${text}\`` : 'unset';
}

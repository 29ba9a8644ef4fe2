import { describe } from 'vitest';
import type { Requirement } from './requirements.js';

/** `describe` that runs only where every part is present; otherwise its tests are skipped and the name says why. */
export function describeWith(parts: readonly Requirement[], name: string, body: () => void): void {
  const absent = parts.filter((part) => !part.isPresent);
  const why = absent.map((part) => `${part.name}: ${part.reason}`).join('; ');
  describe.skipIf(absent.length > 0)(absent.length > 0 ? `${name} [skipped, ${why}]` : name, body);
}

import { config } from 'zod';

/**
 * zod compiles object schemas with `new Function`, which a page's content security policy forbids and reports even as
 * a caught probe. In a browser schemas are interpreted instead. Imported before any schema is made: it has no effect
 * on those that are.
 */
if (!('process' in globalThis)) config({ jitless: true });

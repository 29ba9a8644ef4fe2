import type { GenerationDefaults } from './generation/generation-config.js';
import type { Mapper } from './mapper.js';

/** A mapper that an engine has loaded: what an item names to be captioned with it. */
export interface MapperHandle {
  /** comes back with every caption it made. */
  readonly id: string;
  readonly mapper: Mapper;
  /** its `generation` block. */
  readonly generation: GenerationDefaults;
}

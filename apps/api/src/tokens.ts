/** What is injected by name, having no class of its own. */
export const API_SETTINGS = Symbol('ApiSettings');
export const LOGGER = Symbol('Logger');

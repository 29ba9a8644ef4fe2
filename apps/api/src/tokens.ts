/** What is injected by name, having no class of its own. */
export const API_SETTINGS = Symbol('ApiSettings');
export const UPLOAD_STORE = Symbol('the ObjectStore of uploaded pictures');
export const LOGGER = Symbol('Logger');

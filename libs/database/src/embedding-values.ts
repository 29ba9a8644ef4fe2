/** The stored float32 values; copied, since a driver's buffer may begin at any byte. */
export const toEmbedding = (bytes: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page is served by the api from `dist`; `npm run dev` serves it here and passes `/v1` on to an api on 3000. */
export default defineConfig({
  plugins: [react()],
  // nothing inlined as a data: URL, so that the page runs under `default-src 'self'`
  build: { assetsInlineLimit: 0, target: 'es2023', chunkSizeWarningLimit: 1024 },
  server: { proxy: { '/v1': 'http://localhost:3000' } },
});

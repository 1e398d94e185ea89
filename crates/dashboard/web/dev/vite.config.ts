// For working on the pages without a control plane: the same pages, and a stand-in that answers from memory.
import type { Connect, Plugin } from 'vite';
import { mergeConfig } from 'vite';
import base from '../vite.config.ts';
import { answer } from './stand-in.ts';

const handle: Connect.NextHandleFunction = (request, response, next) => {
  if (!request.url?.startsWith('/v1/')) return next();
  answer(request, response).catch(next);
};

const standIn: Plugin = {
  name: 'stand-in',
  configureServer: (server) => void server.middlewares.use(handle),
  configurePreviewServer: (server) => void server.middlewares.use(handle),
};

export default mergeConfig(base, {
  plugins: [standIn],
  preview: {
    headers: {
      'content-security-policy':
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    },
  },
});

import './app.css';
import { CSPProvider } from '@base-ui/react/csp-provider';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries.ts';
import { Announcements } from './parts/announce.tsx';
import { router } from './routes.tsx';
import { preferred, SpokenWords, wordsOf } from './words/words.tsx';

const language = preferred();
const words = await wordsOf(language);
const page = document.getElementById('page');

if (page) {
  createRoot(page).render(
    <StrictMode>
      {/* The policy allows no style element that a script makes. */}
      <CSPProvider disableStyleElements>
        <SpokenWords language={language} words={words}>
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
            <Announcements />
          </QueryClientProvider>
        </SpokenWords>
      </CSPProvider>
    </StrictMode>,
  );
}

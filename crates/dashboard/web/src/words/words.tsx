// Which words are in force. English is always here; another language comes when it is wanted.
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import type { Language } from '../format.ts';
import { en, type Words } from './en.ts';

export const languages: { id: Language; name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'it', name: 'Italiano' },
];

interface Spoken {
  language: Language;
  words: Words;
  speak: (language: Language) => void;
}

const Spoken = createContext<Spoken>({ language: 'en', words: en, speak: () => {} });

/** What was chosen, or else what the browser asks for. */
export function preferred(): Language {
  try {
    const kept = localStorage.getItem('language');
    if (kept === 'en' || kept === 'it') return kept;
  } catch {
    // Nothing was kept.
  }
  for (const asked of navigator.languages) {
    if (asked.startsWith('it')) return 'it';
    if (asked.startsWith('en')) return 'en';
  }
  return 'en';
}

export async function wordsOf(language: Language): Promise<Words> {
  return language === 'it' ? (await import('./it.ts')).it : en;
}

export function SpokenWords(props: { language: Language; words: Words; children: ReactNode }) {
  const [now, set] = useState({ language: props.language, words: props.words });
  useEffect(() => {
    document.documentElement.lang = now.language;
  }, [now]);
  const speak = async (language: Language) => {
    try {
      localStorage.setItem('language', language);
    } catch {
      // It holds until the page is left.
    }
    set({ language, words: await wordsOf(language) });
  };
  return <Spoken value={{ ...now, speak: (language) => void speak(language) }}>{props.children}</Spoken>;
}

export const useWords = () => useContext(Spoken).words;
export const useLanguage = () => useContext(Spoken).language;
export const useSpeak = () => useContext(Spoken).speak;

// The frame of the pages before anybody is signed in.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { optionsQuery } from '../api/queries.ts';
import { languages, useLanguage, useSpeak, useWords } from '../words/words.tsx';

export function Gate(props: {
  title: ReactNode;
  lead?: ReactNode;
  children: ReactNode;
  below?: ReactNode;
  wide?: boolean;
}) {
  const words = useWords();
  const language = useLanguage();
  const speak = useSpeak();
  const product = useQuery(optionsQuery).data?.product ?? '';
  const { title } = props;
  useEffect(() => {
    if (typeof title === 'string') document.title = product ? `${title} · ${product}` : title;
  }, [title, product]);
  return (
    <main className="flex min-h-dvh flex-col items-center px-4 py-8 sm:justify-center sm:py-12">
      <div className={props.wide ? 'w-full max-w-xl' : 'w-full max-w-sm'}>
        <div className="mb-6 flex items-center justify-center gap-2 text-lg font-semibold tracking-tight">
          <img src="/mark.svg" alt="" width={28} height={28} />
          {product}
        </div>
        <div className="rounded-xl border border-line bg-surface p-6 shadow-card">
          <h1 className="text-lg font-semibold tracking-tight">{props.title}</h1>
          {props.lead ? <div className="mt-1 text-sm text-ink-2">{props.lead}</div> : null}
          <div className="mt-5">{props.children}</div>
        </div>
        {props.below ? <div className="mt-4 text-center text-sm text-ink-2">{props.below}</div> : null}
        <nav aria-label={words.shell.language} className="mt-6 flex justify-center gap-3 text-xs">
          {languages.map((one) => (
            <button
              key={one.id}
              type="button"
              lang={one.id}
              aria-pressed={language === one.id}
              onClick={() => speak(one.id)}
              className="rounded px-1 text-ink-3 hover:text-ink aria-pressed:font-medium aria-pressed:text-ink"
            >
              {one.name}
            </button>
          ))}
        </nav>
      </div>
    </main>
  );
}

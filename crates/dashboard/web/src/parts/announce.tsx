// What was done, said where it is seen and heard, without taking the focus.
import { CircleAlert, CircleCheck } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { cx } from './class.ts';

interface Said {
  id: number;
  text: string;
  tone: 'ok' | 'bad';
}

const SHOWN_MS = 5_000;
let said: Said[] = [];
let next = 0;
const listeners = new Set<() => void>();

function set(value: Said[]) {
  said = value;
  for (const listener of listeners) listener();
}

export function announce(text: string, tone: 'ok' | 'bad' = 'ok') {
  const id = next++;
  set([...said.slice(-2), { id, text, tone }]);
  setTimeout(() => set(said.filter((one) => one.id !== id)), SHOWN_MS);
}

export function Announcements() {
  const list = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => said,
  );
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-60 flex flex-col items-center gap-2 px-4"
    >
      {list.map((one) => (
        <div
          key={one.id}
          className={cx(
            'pointer-events-auto flex items-center gap-2 rounded-lg border bg-raised px-3.5 py-2 text-sm font-medium text-ink shadow-raised',
            one.tone === 'bad' ? 'border-bad/40' : 'border-line-strong',
          )}
        >
          {one.tone === 'bad' ? (
            <CircleAlert size={15} aria-hidden className="text-bad" />
          ) : (
            <CircleCheck size={15} aria-hidden className="text-ok" />
          )}
          {one.text}
        </div>
      ))}
    </div>
  );
}

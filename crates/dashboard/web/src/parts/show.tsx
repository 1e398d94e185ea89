// Small things that pages show: badges, notices, times, ids, empty places, waiting, headings.
import { Check, CircleAlert, Copy, Info, RotateCw, TriangleAlert } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { Refused } from '../api/call.ts';
import { ago, time } from '../format.ts';
import { useProduct } from '../shell/account.ts';
import { useLanguage, useWords } from '../words/words.tsx';
import { announce } from './announce.tsx';
import { Button } from './button.tsx';
import { cx } from './class.ts';

export type Tone = 'plain' | 'ok' | 'warn' | 'bad' | 'accent' | 'test';

const tones: Record<Tone, string> = {
  plain: 'bg-sunken text-ink-2',
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  accent: 'bg-accent-soft text-accent-text',
  test: 'bg-test-soft text-test',
};

export function Badge({ tone = 'plain', dot, children }: { tone?: Tone; dot?: boolean; children: ReactNode }) {
  return (
    <span
      className={cx(
        'inline-flex h-5 items-center gap-1.5 rounded-full px-2 text-2xs font-medium whitespace-nowrap',
        tones[tone],
      )}
    >
      {dot ? <span aria-hidden className="size-1.5 rounded-full bg-current" /> : null}
      {children}
    </span>
  );
}

export function Notice(props: {
  tone?: 'info' | 'ok' | 'warn' | 'bad';
  title?: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}) {
  const { tone = 'info' } = props;
  const Icon = tone === 'info' ? Info : tone === 'ok' ? Check : tone === 'warn' ? TriangleAlert : CircleAlert;
  const look = {
    info: 'border-line bg-sunken text-ink-2',
    ok: 'border-ok/25 bg-ok-soft text-ok',
    warn: 'border-warn/25 bg-warn-soft text-warn',
    bad: 'border-bad/25 bg-bad-soft text-bad',
  }[tone];
  return (
    <div className={cx('flex gap-2.5 rounded-lg border px-3 py-2.5 text-sm', look)}>
      <Icon size={16} aria-hidden className="mt-0.5 shrink-0" />
      <div className="min-w-0 flex-1">
        {props.title ? <p className="font-medium">{props.title}</p> : null}
        {props.children ? (
          <div className={cx(Boolean(props.title) && 'mt-0.5', 'text-ink-2')}>{props.children}</div>
        ) : null}
      </div>
      {props.action ? <div className="shrink-0 self-center">{props.action}</div> : null}
    </div>
  );
}

/** What a refusal says, with the id under which the deployment finds it. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const words = useWords();
  if (!error) return null;
  const refused = error instanceof Refused ? error : undefined;
  const known = refused ? words.problems[refused.code as keyof typeof words.problems] : undefined;
  const title = known?.title ?? (refused?.title || words.problem.title);
  const detail = known?.detail ?? (refused?.detail || words.problem.detail);
  return (
    <div role="alert">
      <Notice
        tone="bad"
        title={title}
        action={
          onRetry ? (
            <Button size="sm" onClick={onRetry} icon={<RotateCw size={13} aria-hidden />}>
              {words.action.retry}
            </Button>
          ) : undefined
        }
      >
        <span lang={known ? undefined : 'en'}>{detail}</span>
        {refused?.retryAfter ? <span> {words.problem.retryAfter(refused.retryAfter)}</span> : null}
        {refused?.fields.length ? (
          <ul className="mt-1 list-disc pl-4" lang="en">
            {refused.fields.map((field) => (
              <li key={`${field.pointer}${field.message}`}>
                {field.pointer ? <code>{field.pointer.slice(1)}</code> : null} {field.message}
              </li>
            ))}
          </ul>
        ) : null}
        {refused?.requestId ? (
          <p className="mt-1 flex flex-wrap items-center gap-1 text-xs text-ink-3">
            {words.problem.request} <CopyId value={refused.requestId} />
          </p>
        ) : null}
      </Notice>
    </div>
  );
}

export function CopyButton(props: {
  value: string;
  label?: string;
  what: string;
  look?: 'button' | 'icon' | 'primary';
}) {
  const words = useWords();
  const [done, set] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => set(false), 1_800);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(props.value);
      set(true);
      announce(words.copy.done(props.what));
    } catch {
      announce(words.copy.failed, 'bad');
    }
  };
  const icon = done ? <Check size={13} aria-hidden className="text-ok" /> : <Copy size={13} aria-hidden />;
  if (props.look === 'icon') {
    return (
      <button
        type="button"
        onClick={copy}
        aria-label={words.copy.action(props.what)}
        title={words.copy.action(props.what)}
        className="inline-flex size-6 items-center justify-center rounded text-ink-3 hover:bg-hover hover:text-ink"
      >
        {icon}
      </button>
    );
  }
  return (
    <Button
      size="sm"
      look={props.look === 'primary' ? 'primary' : 'secondary'}
      onClick={copy}
      icon={done && props.look === 'primary' ? <Check size={13} aria-hidden /> : icon}
    >
      <span>{done ? words.copy.copied : (props.label ?? words.copy.copy)}</span>
      <span className="sr-only">{props.what}</span>
    </Button>
  );
}

/** An id as people meet it: in the machine's letters, to be copied whole. */
export function CopyId({ value, short }: { value: string; short?: boolean }) {
  return (
    <span className="inline-flex max-w-full items-center gap-0.5 align-middle">
      <code className="truncate text-ink-2" title={value}>
        {short ? shortId(value) : value}
      </code>
      <CopyButton value={value} what={value} look="icon" />
    </span>
  );
}

/** The beginning that says what it is, and the end that tells it apart. */
export function shortId(value: string): string {
  const cut = value.indexOf('_');
  if (value.length <= 14) return value;
  return cut > 0 ? `${value.slice(0, cut + 1)}…${value.slice(-6)}` : `${value.slice(0, 6)}…${value.slice(-6)}`;
}

export function CodeBlock({ text, what }: { text: string; what: string }) {
  return (
    <div className="relative rounded-lg border border-line bg-sunken">
      <pre
        tabIndex={0}
        aria-label={what}
        role="region"
        className="scroll-quiet overflow-x-auto rounded-lg py-2.5 pr-24 pl-3 text-xs leading-5 whitespace-pre-wrap break-all text-ink"
      >
        {text}
      </pre>
      <div className="absolute top-1.5 right-1.5">
        <CopyButton value={text} what={what} />
      </div>
    </div>
  );
}

/** A moment: how long ago, exactly on request. */
export function When({ at, exact }: { at: string; exact?: boolean }) {
  const language = useLanguage();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={at} title={time(language, at, 'exact')} className="whitespace-nowrap tabular-nums">
      {exact ? time(language, at, 'moment') : ago(language, at)}
    </time>
  );
}

export function Empty(props: { icon: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center px-6 py-12 text-center">
      <div
        aria-hidden
        className="mb-3 flex size-10 items-center justify-center rounded-xl border border-line bg-sunken text-ink-3"
      >
        {props.icon}
      </div>
      <p className="text-base font-medium text-ink">{props.title}</p>
      {props.children ? <div className="mt-1 max-w-md text-sm text-ink-2">{props.children}</div> : null}
      {props.action ? <div className="mt-4 flex flex-wrap justify-center gap-2">{props.action}</div> : null}
    </div>
  );
}

export function Waiting({ rows = 6, label }: { rows?: number; label?: string }) {
  const words = useWords();
  return (
    <div role="status" className="p-4">
      <span className="sr-only">{label ?? words.loading}</span>
      <div aria-hidden className="grid grid-cols-1 gap-3">
        {Array.from({ length: rows }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
          <div key={index} className={cx('shimmer h-4 rounded', index % 3 === 1 ? 'w-3/4' : 'w-full')} />
        ))}
      </div>
    </div>
  );
}

export function Card(props: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  className?: string;
  description?: ReactNode;
}) {
  return (
    <section className={cx('overflow-hidden rounded-lg border border-line bg-surface shadow-card', props.className)}>
      {props.title ? (
        <header className="flex min-h-11 flex-wrap items-center justify-between gap-x-3 gap-y-1 border-b border-line px-4 py-2">
          <div className="min-w-0">
            <h2 className="text-sm font-semibold text-ink">{props.title}</h2>
            {props.description ? <p className="text-xs text-ink-3">{props.description}</p> : null}
          </div>
          {props.aside}
        </header>
      ) : null}
      <div className={props.flush ? '' : 'p-4'}>{props.children}</div>
    </section>
  );
}

export function PageHead(props: {
  title: ReactNode;
  name?: string;
  lead?: ReactNode;
  actions?: ReactNode;
  above?: ReactNode;
}) {
  const product = useProduct();
  const name = props.name ?? (typeof props.title === 'string' ? props.title : '');
  useEffect(() => {
    document.title = [name, product].filter(Boolean).join(' · ');
  }, [name, product]);
  return (
    <div className="mb-5 flex flex-wrap items-end justify-between gap-x-4 gap-y-3">
      <div className="min-w-0">
        {props.above}
        <h1 className="text-xl font-semibold tracking-tight text-ink">{props.title}</h1>
        {props.lead ? <div className="mt-0.5 max-w-2xl text-sm text-ink-2">{props.lead}</div> : null}
      </div>
      {props.actions ? <div className="flex flex-wrap items-center gap-2">{props.actions}</div> : null}
    </div>
  );
}

export const cell = {
  head: 'px-3 py-2 text-left text-xs font-medium whitespace-nowrap text-ink-3 first:pl-4 last:pr-4',
  body: 'px-3 py-2 align-middle first:pl-4 last:pr-4',
  row: 'border-t border-line transition-colors hover:bg-hover',
};

/** Pairs of a word and what it says. */
export function Facts({ of }: { of: [label: string, value: ReactNode][] }) {
  return (
    <dl className="divide-y divide-line">
      {of.map(([label, value]) => (
        <div key={label} className="grid gap-x-4 gap-y-0.5 px-4 py-2.5 sm:grid-cols-[9.5rem_1fr]">
          <dt className="text-sm text-ink-3">{label}</dt>
          <dd className="min-w-0 text-sm break-words text-ink">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

// A decision in words: every check in its order, where it ended, and what would have to change.
import { Check, CircleDashed, X } from 'lucide-react';
import type { ExplainOut } from '../api/generated.ts';
import { useWords } from '../words/words.tsx';
import { cx } from './class.ts';
import { Badge } from './show.tsx';

export function Trace({ of }: { of: ExplainOut }) {
  const words = useWords();
  return (
    <div>
      <p className="mb-2 flex flex-wrap items-center gap-2 text-sm font-medium">
        {of.allowed ? <Badge tone="ok">{words.trace.allowed}</Badge> : <Badge tone="bad">{words.trace.refused}</Badge>}
        {of.refusal ? (
          <span className="text-ink-2">
            {of.refusal.status} <code>{of.refusal.code}</code>
          </span>
        ) : null}
        {of.operation ? <code className="text-ink-3">{of.operation}</code> : null}
      </p>
      <ol className="grid grid-cols-1 gap-0">
        {of.steps.map((step, index) => {
          const Icon = step.state === 'passed' ? Check : step.state === 'failed' ? X : CircleDashed;
          return (
            <li key={step.check} className="relative flex gap-2.5 pb-2.5 last:pb-0">
              {index < of.steps.length - 1 ? (
                <span aria-hidden className="absolute top-5 bottom-0 left-[9px] w-px bg-line" />
              ) : null}
              <span
                aria-hidden
                className={cx(
                  'z-10 flex size-[19px] shrink-0 items-center justify-center rounded-full border',
                  step.state === 'passed' && 'border-transparent bg-ok-soft text-ok',
                  step.state === 'failed' && 'border-transparent bg-bad-soft text-bad',
                  step.state === 'not_reached' && 'border-line bg-surface text-ink-3',
                )}
              >
                <Icon size={11} />
              </span>
              <span className="min-w-0 text-sm">
                <span className={cx('font-medium', step.state === 'not_reached' ? 'text-ink-3' : 'text-ink')}>
                  {words.trace.checks[step.check as keyof typeof words.trace.checks] ?? step.check}
                </span>
                <span className="sr-only">
                  : {words.trace.states[step.state as keyof typeof words.trace.states] ?? step.state}.{' '}
                </span>
                <span lang="en" className={cx('block text-xs', step.state === 'failed' ? 'text-bad' : 'text-ink-3')}>
                  {step.sentence}
                </span>
              </span>
            </li>
          );
        })}
      </ol>
      <Remedies of={of.remedies} />
    </div>
  );
}

export function Remedies({ of }: { of: ExplainOut['remedies'] }) {
  const words = useWords();
  if (!of.length) return null;
  return (
    <div className="mt-3 rounded-lg border border-line bg-sunken px-3 py-2.5">
      <p className="text-xs font-medium text-ink-2">{words.trace.toAllow}</p>
      <ul className="mt-1 list-disc pl-4 text-sm text-ink" lang="en">
        {of.map((remedy) => (
          <li key={remedy.sentence}>{remedy.sentence}</li>
        ))}
      </ul>
    </div>
  );
}

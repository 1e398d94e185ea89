// What to look at in a key, each with the thing that settles it.
import { Lightbulb, TriangleAlert } from 'lucide-react';
import type { FindingOut } from '../api/generated.ts';
import { type Fix, fixOf } from '../reach.ts';
import { useWords } from '../words/words.tsx';
import { Button } from './button.tsx';
import { Badge } from './show.tsx';

type Known = keyof ReturnType<typeof useWords>['findings'];

/** What a finding says, in the language that is in force where it is known. */
export function useFinding() {
  const words = useWords();
  return (finding: Pick<FindingOut, 'code'> & Partial<FindingOut>) => {
    const known = words.findings[finding.code as Known];
    return {
      title: known?.title ?? finding.sentence ?? finding.code,
      action: known?.action ?? finding.action ?? '',
      lang: known ? undefined : 'en',
    };
  };
}

export function FindingCount({ findings }: { findings: FindingOut[] }) {
  const words = useWords();
  const warnings = findings.filter((one) => one.level === 'warning').length;
  if (!findings.length) return <span className="text-ink-3">–</span>;
  return warnings ? (
    <Badge tone="warn">
      <TriangleAlert size={11} aria-hidden />
      {words.keys.warnings(warnings)}
    </Badge>
  ) : (
    <Badge>{words.keys.advice(findings.length)}</Badge>
  );
}

export function Findings(props: {
  findings: FindingOut[];
  onFix?: (fix: Fix, code: string) => void;
  can: (fix: Fix) => boolean;
}) {
  const words = useWords();
  const say = useFinding();
  return (
    <ul className="divide-y divide-line">
      {props.findings.map((finding) => {
        const fix = fixOf(finding.code);
        const said = say(finding);
        const warning = finding.level === 'warning';
        return (
          <li key={finding.code} className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2.5 sm:flex-nowrap">
            {warning ? (
              <TriangleAlert size={15} aria-hidden className="shrink-0 self-start text-warn sm:mt-0.5" />
            ) : (
              <Lightbulb size={15} aria-hidden className="shrink-0 self-start text-ink-3 sm:mt-0.5" />
            )}
            <div className="min-w-0 flex-1" lang={said.lang}>
              <p className="text-sm text-ink">
                <span className="sr-only">{warning ? words.keys.warning : words.keys.adviceOne}: </span>
                {said.title}
              </p>
              <p className="text-xs text-ink-3">{said.action}</p>
            </div>
            {fix && props.onFix && props.can(fix) ? (
              <Button size="sm" onClick={() => props.onFix?.(fix, finding.code)} data-fix={finding.code}>
                {words.fixes[fix]}
              </Button>
            ) : null}
          </li>
        );
      })}
    </ul>
  );
}

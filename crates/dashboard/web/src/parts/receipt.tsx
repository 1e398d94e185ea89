import type { ReceiptOut } from '../api/generated.ts';
import { time } from '../format.ts';
import { useLanguage, useWords } from '../words/words.tsx';
import { Notice } from './show.tsx';

/** Since when a change is in force, gateway by gateway. */
export function Receipt({ receipt }: { receipt: ReceiptOut }) {
  const words = useWords();
  const language = useLanguage();
  const cut = receipt.gateways.reduce((sum, one) => sum + one.cut, 0);
  return (
    <Notice tone={receipt.fenced.length ? 'warn' : 'ok'} title={words.receipt.title}>
      <ul className="grid gap-0.5">
        {receipt.gateways.map((one) => (
          <li key={one.name}>{words.receipt.applied(one.name, time(language, one.applied_at, 'exact'))}</li>
        ))}
        {receipt.fenced.map((one) => (
          <li key={one.name}>{words.receipt.fenced(one.name, time(language, one.fenced_from, 'exact'))}</li>
        ))}
        <li>{words.receipt.cut(cut)}</li>
        <li className="text-xs text-ink-3">{words.receipt.revision(receipt.revision)}</li>
      </ul>
    </Notice>
  );
}

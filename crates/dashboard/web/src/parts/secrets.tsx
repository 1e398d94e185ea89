// Secrets that are shown once: copy, a line to try, and no way to lose them by accident.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { KeySecrets } from '../api/generated.ts';
import { operationsQuery } from '../api/queries.ts';
import { curlLine, type Environment } from '../reach.ts';
import { useApi } from '../shell/account.ts';
import { useWords } from '../words/words.tsx';
import { Check } from './field.tsx';
import { Badge, CodeBlock, CopyButton, CopyId, Notice } from './show.tsx';

interface Props {
  secrets: KeySecrets;
  scopes?: string[];
  kept: boolean;
  onKept: (kept: boolean) => void;
  /** Whether the list of operations may be read. */
  signedIn?: boolean;
}

export function Secrets({ secrets, scopes, kept, onKept, signedIn = true }: Props) {
  const words = useWords();
  const { api, presentations } = useApi();
  const operations = useQuery({ ...operationsQuery, enabled: signedIn }).data?.data ?? [];
  const halves = (['test', 'live'] as const).filter((environment) => secrets[environment]);
  const [shown, show] = useState<Environment>(halves[0] ?? 'test');
  const half = secrets[shown];
  return (
    <div className="grid grid-cols-1 gap-4">
      <Notice tone="warn" title={words.secrets.once}>
        {words.secrets.onceDetail}
      </Notice>
      {halves.map((environment) => {
        const one = secrets[environment];
        if (!one) return null;
        return (
          <div key={environment} className="rounded-lg border border-line p-3">
            <div className="flex items-center justify-between gap-2">
              <Badge tone={environment === 'test' ? 'test' : 'ok'} dot>
                {words.environment[environment]}
              </Badge>
              <CopyButton
                value={one.secret}
                what={words.secrets.secretOf(words.environment[environment])}
                look="primary"
                label={words.secrets.copySecret}
              />
            </div>
            <p
              data-secret={environment}
              className="mt-2 rounded-md bg-sunken px-2.5 py-2 font-mono text-xs leading-5 break-all text-ink select-all"
            >
              {one.secret}
            </p>
            <p className="mt-1.5 flex flex-wrap items-center gap-1 text-xs text-ink-3">
              {words.keys.clientId} <CopyId value={one.client_id} />
            </p>
          </div>
        );
      })}
      {half ? (
        <div>
          <div className="mb-1.5 flex items-center justify-between gap-2">
            <p className="text-sm font-medium">{words.secrets.tryIt}</p>
            {halves.length > 1 ? (
              <div className="flex gap-1">
                {halves.map((environment) => (
                  <button
                    key={environment}
                    type="button"
                    aria-pressed={shown === environment}
                    onClick={() => show(environment)}
                    className="rounded px-2 py-0.5 text-xs font-medium text-ink-3 hover:text-ink aria-pressed:bg-sunken aria-pressed:text-ink"
                  >
                    {words.environment[environment]}
                  </button>
                ))}
              </div>
            ) : null}
          </div>
          <CodeBlock text={curlLine(half, api, operations, scopes, presentations)} what={words.secrets.curl} />
          {api ? null : <p className="mt-1 text-xs text-ink-3">{words.secrets.noApi}</p>}
        </div>
      ) : null}
      <Check label={words.secrets.kept} checked={kept} onChange={onKept} />
    </div>
  );
}

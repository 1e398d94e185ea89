// Would this request pass? The code that decides real requests says, check by check.
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/call.ts';
import type { KeyOut } from '../api/generated.ts';
import { Button } from '../parts/button.tsx';
import { SelectField, TextField } from '../parts/field.tsx';
import { Card, ProblemNotice } from '../parts/show.tsx';
import { Trace } from '../parts/trace.tsx';
import { useHere } from '../shell/account.ts';
import { useWords } from '../words/words.tsx';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

export function Try({ of: key }: { of: KeyOut }) {
  const words = useWords();
  const { id, env } = useHere();
  const [method, setMethod] = useState('GET');
  const [path, setPath] = useState('');
  const [origin, setOrigin] = useState('');
  const [from, setFrom] = useState('');
  const explain = useMutation({
    mutationFn: () =>
      call('explain_in_account', {
        path: { account_id: id },
        body: {
          method,
          path,
          key_id: key.id,
          environment: env,
          ...(origin ? { origin } : {}),
          ...(from ? { address: from } : {}),
        },
      }),
  });
  return (
    <Card title={words.explain.title} description={words.explain.lead}>
      <form
        noValidate
        className="grid gap-3 sm:grid-cols-[7rem_1fr]"
        onSubmit={(event) => {
          event.preventDefault();
          if (path.startsWith('/')) explain.mutate();
        }}
      >
        <SelectField
          label={words.explain.method}
          value={method}
          onChange={setMethod}
          options={methods.map((one) => ({ value: one, label: one }))}
        />
        <TextField
          label={words.explain.path}
          value={path}
          onChange={setPath}
          placeholder="/v1/…"
          mono
          autoComplete="off"
        />
        <div className="grid gap-3 sm:col-span-2 sm:grid-cols-[1fr_1fr_auto] sm:items-end">
          <TextField
            label={words.explain.origin}
            optional
            value={origin}
            onChange={setOrigin}
            placeholder="https://app.example.com"
            mono
            autoComplete="off"
          />
          <TextField
            label={words.explain.address}
            optional
            value={from}
            onChange={setFrom}
            placeholder="203.0.113.7"
            mono
            autoComplete="off"
          />
          <Button type="submit" busy={explain.isPending} disabled={!path.startsWith('/')}>
            {words.explain.ask}
          </Button>
        </div>
      </form>
      <div aria-live="polite" className={explain.data || explain.error ? 'mt-4 border-t border-line pt-4' : ''}>
        {explain.error ? <ProblemNotice error={explain.error} /> : null}
        {explain.data ? <Trace of={explain.data} /> : null}
      </div>
    </Card>
  );
}

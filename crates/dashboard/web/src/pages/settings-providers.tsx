// The providers that one signs in with: linked and removed with a confirmation.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/call.ts';
import type { ConfirmationIn, PersonOut, ProviderOut } from '../api/generated.ts';
import { linkedProvidersQuery, optionsQuery, sessionQuery } from '../api/queries.ts';
import { announce } from '../parts/announce.tsx';
import { Button } from '../parts/button.tsx';
import { PasswordField, TextField } from '../parts/field.tsx';
import { Question } from '../parts/question.tsx';
import { Card, ProblemNotice, Waiting, When } from '../parts/show.tsx';
import { useWords } from '../words/words.tsx';

interface Wish {
  provider: ProviderOut;
  remove: boolean;
}

export function SignInProviders({ of }: { of: PersonOut }) {
  const words = useWords();
  const offered = useQuery(optionsQuery).data?.providers ?? [];
  const query = useQuery({ ...linkedProvidersQuery, enabled: offered.length > 0 });
  const [wish, setWish] = useState<Wish | undefined>();
  if (!offered.length) return null;
  return (
    <Card flush title={words.settings.providers} description={words.settings.providersLead}>
      {query.error && !query.data ? (
        <div className="p-4">
          <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
        </div>
      ) : query.data ? (
        <ul className="divide-y divide-line">
          {offered.map((provider) => {
            const link = query.data.data.find((one) => one.provider_id === provider.id);
            return (
              <li key={provider.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
                <div className="min-w-0 flex-1">
                  <p className="font-medium">{provider.name}</p>
                  <p className="text-xs text-ink-3">
                    {link ? (
                      <>
                        {words.settings.linkedSince} <When at={link.linked_at} />
                      </>
                    ) : (
                      words.settings.notLinked
                    )}
                  </p>
                </div>
                <Button
                  size="sm"
                  look={link ? 'danger-quiet' : undefined}
                  onClick={() => setWish({ provider, remove: Boolean(link) })}
                  aria-label={link ? words.settings.unlinkOf(provider.name) : words.settings.linkOf(provider.name)}
                >
                  {link ? words.settings.unlink : words.settings.link}
                </Button>
              </li>
            );
          })}
        </ul>
      ) : (
        <Waiting rows={2} />
      )}
      {wish ? <Confirm of={of} wish={wish} onClose={() => setWish(undefined)} /> : null}
    </Card>
  );
}

function Confirm({ of, wish, onClose }: { of: PersonOut; wish: Wish; onClose: () => void }) {
  const words = useWords();
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const { provider, remove } = wish;
  const act = useMutation({
    mutationFn: async () => {
      const path = { provider_id: provider.id };
      const body: ConfirmationIn = {
        ...(of.has_password ? { password } : {}),
        ...(of.has_totp ? { code: code.trim() } : {}),
      };
      if (remove) return call('me_providers_unlink', { path, body });
      window.location.assign((await call('me_providers_link', { path, body })).location);
      return undefined;
    },
    onSuccess: (answer) => {
      if (!answer) return;
      client.setQueryData(sessionQuery.queryKey, answer);
      void client.invalidateQueries({ queryKey: linkedProvidersQuery.queryKey });
      void client.invalidateQueries({ queryKey: ['sessions'] });
      announce(words.settings.unlinked);
      onClose();
    },
  });
  const missing = (of.has_password && !password) || (of.has_totp && !code);
  return (
    <Question
      onClose={onClose}
      title={remove ? words.settings.unlinkOf(provider.name) : words.settings.linkOf(provider.name)}
      lead={remove ? words.settings.unlinkLead : words.settings.linkLead}
      onSubmit={() => act.mutate()}
      danger={remove}
      act={remove ? words.settings.unlink : words.settings.link}
      busy={act.isPending}
      missing={missing}
      error={act.error}
    >
      {of.has_password ? (
        <PasswordField
          label={words.settings.currentPassword}
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
        />
      ) : null}
      {of.has_totp ? (
        <TextField label={words.signIn.code} autoComplete="one-time-code" mono value={code} onChange={setCode} />
      ) : null}
    </Question>
  );
}

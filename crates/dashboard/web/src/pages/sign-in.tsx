import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { call, isRefused } from '../api/call.ts';
import { optionsQuery, sessionQuery } from '../api/queries.ts';
import { Button } from '../parts/button.tsx';
import { PasswordField, TextField } from '../parts/field.tsx';
import { ProviderLinks, ProviderProblem } from '../parts/providers.tsx';
import { Notice, ProblemNotice } from '../parts/show.tsx';
import { Gate } from '../shell/gate.tsx';
import { useWords } from '../words/words.tsx';

const route = getRouteApi('/sign-in');

export function SignIn() {
  const words = useWords();
  const router = useRouter();
  const client = useQueryClient();
  const search = route.useSearch();
  const options = useQuery(optionsQuery);
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [second, setSecond] = useState(false);
  const [tried, setTried] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const signIn = useMutation({
    mutationFn: () =>
      call('session_create', {
        body: { email: email.trim(), password, ...(second ? { code: code.replaceAll(/\s/g, '') } : {}) },
      }),
    onSuccess: async (session) => {
      client.clear();
      client.setQueryData(sessionQuery.queryKey, session);
      if (search.to) router.history.push(search.to);
      else await router.navigate({ to: '/' });
    },
    onError: (thrown) => {
      if (isRefused(thrown, 'second_factor_required')) {
        setSecond(true);
        setCode('');
      }
    },
  });

  useEffect(() => {
    if (second) field.current?.focus();
  }, [second]);

  // The first answer that asks for the second factor is no fault of anybody.
  const asked = isRefused(signIn.error, 'second_factor_required');
  const shown = asked && !signIn.variables && !tried ? null : signIn.error;
  const wrongCode = asked && tried;

  return (
    <Gate
      title={second ? words.signIn.secondTitle : words.signIn.title}
      lead={second ? words.signIn.secondLead : undefined}
      below={
        options.data?.registration === 'open' ? (
          <>
            {words.signIn.noAccount}{' '}
            <Link to="/register" className="font-medium text-accent-text hover:underline">
              {words.signIn.register}
            </Link>
          </>
        ) : options.data?.needs_first_owner ? (
          words.signIn.firstOwner
        ) : (
          words.signIn.byInvitation
        )
      }
    >
      <form
        noValidate
        className="grid grid-cols-1 gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (second) {
            setTried(true);
            if (code) signIn.mutate();
          } else if (email && password) signIn.mutate();
        }}
      >
        {search.error && !signIn.error ? <ProviderProblem code={search.error} /> : null}
        {wrongCode ? (
          <div role="alert">
            <Notice tone="bad">{words.signIn.codeWrong}</Notice>
          </div>
        ) : shown && !asked ? (
          <ProblemNotice error={shown} />
        ) : null}
        {second ? (
          <TextField
            ref={field}
            label={words.signIn.code}
            help={words.signIn.codeHelp}
            autoComplete="one-time-code"
            mono
            value={code}
            onChange={setCode}
          />
        ) : (
          <>
            <TextField
              label={words.signIn.email}
              type="email"
              name="email"
              autoComplete="username"
              value={email}
              onChange={setEmail}
            />
            <PasswordField
              label={words.signIn.password}
              name="password"
              autoComplete="current-password"
              value={password}
              onChange={setPassword}
            />
          </>
        )}
        <Button
          type="submit"
          look="primary"
          busy={signIn.isPending}
          className="w-full"
          disabled={second ? !code : !email || !password}
        >
          {second ? words.signIn.confirm : words.signIn.act}
        </Button>
        {second ? (
          <Button
            look="ghost"
            onClick={() => {
              setSecond(false);
              setTried(false);
              signIn.reset();
            }}
          >
            {words.signIn.back}
          </Button>
        ) : null}
      </form>
      {!second && options.data?.providers.length ? (
        <div className="mt-5">
          <p className="mb-3 flex items-center gap-3 text-xs text-ink-3 before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
            {words.signIn.or}
          </p>
          <ProviderLinks of={options.data.providers} />
        </div>
      ) : null}
      {options.error ? (
        <div className="mt-4">
          <ProblemNotice error={options.error} onRetry={() => void options.refetch()} />
        </div>
      ) : null}
    </Gate>
  );
}

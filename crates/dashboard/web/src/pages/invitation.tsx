// An invitation: what it is for, and the way in. Its token stays behind the `#`, which no server sees.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { call, isRefused } from '../api/call.ts';
import { optionsQuery, sessionQuery } from '../api/queries.ts';
import { Button, buttonClass } from '../parts/button.tsx';
import { PasswordField, TextField } from '../parts/field.tsx';
import { ProviderLinks } from '../parts/providers.tsx';
import { Notice, ProblemNotice, Waiting, When } from '../parts/show.tsx';
import { Gate } from '../shell/gate.tsx';
import { useWords } from '../words/words.tsx';
import { PASSWORD_MIN } from './password.ts';

const route = getRouteApi('/invitation');

export function Invitation() {
  const words = useWords();
  const navigate = useNavigate();
  const client = useQueryClient();
  const search = route.useSearch();
  const [token] = useState(() => search.token ?? decodeURIComponent(window.location.hash.replace(/^#(token=)?/, '')));
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const seen = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => call('invitations_look_up', { body: { token }, signal }),
    enabled: Boolean(token),
    refetchInterval: false,
    retry: false,
  });
  const session = useQuery({ ...sessionQuery, retry: false });
  const options = useQuery(optionsQuery);
  const invitation = seen.data;
  const own = session.data?.person.email.toLowerCase() === invitation?.email.toLowerCase();
  const short = password.length < PASSWORD_MIN;
  const accept = useMutation({
    mutationFn: () =>
      call('invitations_accept', { body: invitation?.has_person ? { token } : { token, name: name.trim(), password } }),
    onSuccess: async (answer) => {
      client.clear();
      client.setQueryData(sessionQuery.queryKey, answer);
      const joined =
        answer.memberships.find((one) => one.account.name === invitation?.account_name) ?? answer.memberships.at(-1);
      if (joined) await navigate({ to: '/a/$account/overview', params: { account: joined.account.id } });
      else await navigate({ to: '/' });
    },
  });

  if (!token || seen.error) {
    return (
      <Gate title={words.invitation.title}>
        {seen.error && !isRefused(seen.error, 'invitation_invalid') ? (
          <ProblemNotice error={seen.error} onRetry={() => void seen.refetch()} />
        ) : (
          <Notice tone="warn" title={words.invitation.invalid}>
            {words.invitation.invalidDetail}
          </Notice>
        )}
      </Gate>
    );
  }
  if (!invitation || session.isPending) {
    return (
      <Gate title={words.invitation.title}>
        <Waiting rows={4} />
      </Gate>
    );
  }
  return (
    <Gate
      title={words.invitation.join(invitation.account_name)}
      lead={
        <>
          {words.invitation.as(invitation.email, words.roles[invitation.role].name)} {words.roles[invitation.role].help}
        </>
      }
      below={
        <>
          {words.team.expires} <When at={invitation.expires_at} />
        </>
      }
    >
      {accept.error ? (
        <div className="mb-4">
          <ProblemNotice error={accept.error} />
        </div>
      ) : null}
      {invitation.has_person ? (
        own ? (
          <Button look="primary" className="w-full" busy={accept.isPending} onClick={() => accept.mutate()}>
            {words.invitation.accept}
          </Button>
        ) : (
          <div className="grid grid-cols-1 gap-3">
            <Notice tone="info">
              {session.data ? words.invitation.other(session.data.person.email) : words.invitation.signInFirst}
            </Notice>
            <Link
              to="/sign-in"
              search={{ to: `/invitation#${token}` }}
              className={buttonClass('primary', 'md', 'w-full')}
            >
              {words.signIn.act}
            </Link>
          </div>
        )
      ) : (
        <form
          noValidate
          className="grid grid-cols-1 gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (name.trim() && !short) accept.mutate();
          }}
        >
          <TextField
            label={words.signIn.email}
            type="email"
            autoComplete="username"
            readOnly
            value={invitation.email}
            onChange={() => {}}
          />
          <TextField
            label={words.signIn.name}
            autoComplete="name"
            maxLength={200}
            value={name}
            onChange={setName}
            error={tried && !name.trim() ? words.form.required : undefined}
          />
          <PasswordField
            label={words.signIn.password}
            help={words.signIn.passwordHelp}
            autoComplete="new-password"
            value={password}
            onChange={setPassword}
            error={tried && short ? words.form.password : undefined}
          />
          <Button type="submit" look="primary" className="w-full" busy={accept.isPending}>
            {words.invitation.accept}
          </Button>
          {options.data?.providers.length ? (
            <>
              <p className="text-xs text-ink-3">{words.invitation.orProvider}</p>
              <ProviderLinks of={options.data.providers} />
            </>
          ) : null}
        </form>
      )}
    </Gate>
  );
}

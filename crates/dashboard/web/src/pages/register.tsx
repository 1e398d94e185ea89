// A new account: its owner, and its primary pair, shown this once.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../api/call.ts';
import type { RegistrationOut } from '../api/generated.ts';
import { optionsQuery } from '../api/queries.ts';
import { Button } from '../parts/button.tsx';
import { PasswordField, TextField } from '../parts/field.tsx';
import { Secrets } from '../parts/secrets.tsx';
import { Notice, ProblemNotice, Waiting } from '../parts/show.tsx';
import { Gate } from '../shell/gate.tsx';
import { useWords } from '../words/words.tsx';
import { PASSWORD_MIN } from './password.ts';

export function Register() {
  const words = useWords();
  const navigate = useNavigate();
  const client = useQueryClient();
  const options = useQuery(optionsQuery);
  const [account, setAccount] = useState('');
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const [made, setMade] = useState<RegistrationOut | undefined>();
  const [kept, setKept] = useState(false);
  const wrongEmail = !/^\S+@\S+$/.test(email.trim());
  const short = password.length < PASSWORD_MIN;
  const register = useMutation({
    mutationFn: () =>
      call('registrations_create', {
        body: { account_name: account.trim(), name: name.trim(), email: email.trim(), password },
      }),
    onSuccess: (answer) => {
      setMade(answer);
      void client.invalidateQueries({ queryKey: ['session'] });
    },
  });

  if (made) {
    return (
      <Gate wide title={words.register.done(made.account.name)} lead={words.register.doneLead}>
        <Secrets secrets={made.key} scopes={made.key.key.scopes} kept={kept} onKept={setKept} />
        <Notice tone="info">{words.browser.primary}</Notice>
        <Button
          look="primary"
          className="mt-4 w-full"
          disabled={!kept}
          onClick={() => void navigate({ to: '/a/$account/overview', params: { account: made.account.id } })}
        >
          {words.register.go}
        </Button>
      </Gate>
    );
  }

  const closed = options.data && options.data.registration !== 'open';
  const below = (
    <>
      {words.register.haveOne}{' '}
      <Link to="/sign-in" className="font-medium text-accent-text hover:underline">
        {words.signIn.act}
      </Link>
    </>
  );
  if (options.isPending) {
    return (
      <Gate title={words.register.title}>
        <Waiting rows={4} />
      </Gate>
    );
  }
  if (closed) {
    return (
      <Gate title={words.register.title} below={below}>
        <Notice tone="info" title={words.register.closed}>
          {words.signIn.byInvitation}
        </Notice>
      </Gate>
    );
  }
  return (
    <Gate title={words.register.title} lead={words.register.lead} below={below}>
      <form
        noValidate
        className="grid grid-cols-1 gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (account.trim() && name.trim() && !wrongEmail && !short) register.mutate();
        }}
      >
        {register.error ? <ProblemNotice error={register.error} /> : null}
        <TextField
          label={words.register.account}
          help={words.register.accountHelp}
          autoComplete="organization"
          maxLength={200}
          value={account}
          onChange={setAccount}
          error={tried && !account.trim() ? words.form.required : undefined}
        />
        <TextField
          label={words.signIn.name}
          autoComplete="name"
          maxLength={200}
          value={name}
          onChange={setName}
          error={tried && !name.trim() ? words.form.required : undefined}
        />
        <TextField
          label={words.signIn.email}
          type="email"
          autoComplete="username"
          value={email}
          onChange={setEmail}
          error={tried && wrongEmail ? words.form.email : undefined}
        />
        <PasswordField
          label={words.signIn.password}
          help={words.signIn.passwordHelp}
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
          error={tried && short ? words.form.password : undefined}
        />
        <Button type="submit" look="primary" className="w-full" busy={register.isPending}>
          {words.register.act}
        </Button>
      </form>
    </Gate>
  );
}

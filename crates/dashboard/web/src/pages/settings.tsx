// One's own settings: name, password, second factor, where one is signed in, and how the pages look.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../api/call.ts';
import type { PersonOut } from '../api/generated.ts';
import { announce } from '../parts/announce.tsx';
import { Button } from '../parts/button.tsx';
import { PasswordField, Segments, SelectField, TextField } from '../parts/field.tsx';
import { ProviderProblem } from '../parts/providers.tsx';
import { Card, PageHead, ProblemNotice, Waiting } from '../parts/show.tsx';
import { useHere } from '../shell/account.ts';
import { setTheme, useTheme } from '../theme.ts';
import { languages, useLanguage, useSpeak, useWords } from '../words/words.tsx';
import { PASSWORD_MIN } from './password.ts';
import { SecondFactor } from './settings-factor.tsx';
import { SignInProviders } from './settings-providers.tsx';
import { useSession } from './settings-session.ts';
import { Sessions } from './settings-sessions.tsx';

const route = getRouteApi('/a/$account/settings');

export function Settings() {
  const words = useWords();
  const { session } = useHere();
  const { error } = route.useSearch();
  if (!session) return <Waiting />;
  return (
    <>
      <PageHead title={words.settings.title} lead={session.person.email} />
      {error ? (
        <div className="mb-4 max-w-3xl">
          <ProviderProblem code={error} />
        </div>
      ) : null}
      <div className="grid max-w-3xl grid-cols-1 gap-4">
        <Profile of={session.person} />
        <Looks />
        {session.person.has_password ? <Password /> : null}
        <SecondFactor of={session.person} />
        <SignInProviders of={session.person} />
        <Sessions />
      </div>
    </>
  );
}

function Profile({ of }: { of: PersonOut }) {
  const words = useWords();
  const keep = useSession();
  const [name, setName] = useState(of.name);
  const save = useMutation({
    mutationFn: () => call('me_update', { body: { name: name.trim() } }),
    onSuccess: (answer) => {
      keep(answer);
      announce(words.settings.nameSaved);
    },
  });
  return (
    <Card title={words.settings.profile}>
      <form
        noValidate
        className="flex flex-wrap items-end gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) save.mutate();
        }}
      >
        <TextField
          className="min-w-56 flex-1"
          label={words.signIn.name}
          autoComplete="name"
          maxLength={200}
          value={name}
          onChange={setName}
        />
        <Button type="submit" busy={save.isPending} disabled={!name.trim() || name.trim() === of.name}>
          {words.action.save}
        </Button>
      </form>
      {save.error ? (
        <div className="mt-3">
          <ProblemNotice error={save.error} />
        </div>
      ) : null}
    </Card>
  );
}

function Looks() {
  const words = useWords();
  const theme = useTheme();
  const language = useLanguage();
  const speak = useSpeak();
  return (
    <Card title={words.settings.looks}>
      <div className="flex flex-wrap items-end gap-x-6 gap-y-3">
        <div>
          <p aria-hidden className="mb-1 text-sm font-medium">
            {words.shell.theme}
          </p>
          <Segments
            label={words.shell.theme}
            value={theme}
            onChange={setTheme}
            options={(['system', 'light', 'dark'] as const).map((one) => ({ value: one, label: words.theme[one] }))}
          />
        </div>
        <SelectField
          className="w-44"
          label={words.shell.language}
          value={language}
          onChange={(next) => speak(next as typeof language)}
          options={languages.map((one) => ({ value: one.id, label: one.name }))}
        />
      </div>
    </Card>
  );
}

function Password() {
  const words = useWords();
  const keep = useSession();
  const client = useQueryClient();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [tried, setTried] = useState(false);
  const short = next.length < PASSWORD_MIN;
  const save = useMutation({
    mutationFn: () => call('me_password', { body: { current_password: current, new_password: next } }),
    onSuccess: (answer) => {
      keep(answer);
      setCurrent('');
      setNext('');
      setTried(false);
      announce(words.settings.passwordSaved);
      void client.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  return (
    <Card title={words.settings.password} description={words.settings.passwordLead}>
      <form
        noValidate
        className="grid gap-3 sm:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (current && !short) save.mutate();
        }}
      >
        <PasswordField
          label={words.settings.currentPassword}
          autoComplete="current-password"
          value={current}
          onChange={setCurrent}
          error={tried && !current ? words.form.required : undefined}
        />
        <PasswordField
          label={words.settings.newPassword}
          help={words.signIn.passwordHelp}
          autoComplete="new-password"
          value={next}
          onChange={setNext}
          error={tried && short ? words.form.password : undefined}
        />
        {save.error ? (
          <div className="sm:col-span-2">
            <ProblemNotice error={save.error} />
          </div>
        ) : null}
        <div className="sm:col-span-2">
          <Button type="submit" busy={save.isPending}>
            {words.settings.changePassword}
          </Button>
        </div>
      </form>
    </Card>
  );
}

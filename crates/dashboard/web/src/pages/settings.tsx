// One's own settings: name, password, second factor, where one is signed in, and how the pages look.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Laptop, ShieldCheck, ShieldOff } from 'lucide-react';
import { useState } from 'react';
import { encode } from 'uqr';
import { call } from '../api/call.ts';
import type { DeviceOut, PersonOut, SessionView, TotpOffered } from '../api/generated.ts';
import { sessionQuery, sessionsQuery } from '../api/queries.ts';
import { browser } from '../format.ts';
import { announce } from '../parts/announce.tsx';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Check, PasswordField, Segments, SelectField, TextField } from '../parts/field.tsx';
import { Badge, Card, CopyButton, CopyId, Notice, PageHead, ProblemNotice, Waiting, When } from '../parts/show.tsx';
import { useHere } from '../shell/account.ts';
import { setTheme, useTheme } from '../theme.ts';
import { languages, useLanguage, useSpeak, useWords } from '../words/words.tsx';
import { PASSWORD_MIN } from './password.ts';
import { SignInProviders } from './settings-providers.tsx';

export function Settings() {
  const words = useWords();
  const { session } = useHere();
  if (!session) return <Waiting />;
  return (
    <>
      <PageHead title={words.settings.title} lead={session.person.email} />
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

/** The session as an answer says it, in place of the one that was known. */
function useSession() {
  const client = useQueryClient();
  return (answer: SessionView) => client.setQueryData(sessionQuery.queryKey, answer);
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

function SecondFactor({ of }: { of: PersonOut }) {
  const words = useWords();
  const [doing, setDoing] = useState<'on' | 'off' | 'codes' | undefined>();
  const close = () => setDoing(undefined);
  return (
    <Card
      title={words.settings.factor}
      aside={of.has_totp ? <Badge tone="ok">{words.team.on}</Badge> : <Badge tone="warn">{words.team.off}</Badge>}
    >
      <div className="flex flex-wrap items-center gap-x-4 gap-y-3">
        <p className="min-w-60 flex-1 text-ink-2">{of.has_totp ? words.settings.factorOn : words.settings.factorOff}</p>
        {of.has_totp ? (
          <>
            <Button onClick={() => setDoing('codes')}>{words.settings.newCodes}</Button>
            <Button look="danger-quiet" icon={<ShieldOff size={14} aria-hidden />} onClick={() => setDoing('off')}>
              {words.settings.turnOff}
            </Button>
          </>
        ) : (
          <Button look="primary" icon={<ShieldCheck size={14} aria-hidden />} onClick={() => setDoing('on')}>
            {words.settings.turnOn}
          </Button>
        )}
      </div>
      {doing === 'on' ? <TurnOn hasPassword={of.has_password} onClose={close} /> : null}
      {doing === 'off' ? <TurnOff hasPassword={of.has_password} onClose={close} /> : null}
      {doing === 'codes' ? <NewCodes onClose={close} /> : null}
    </Card>
  );
}

function TurnOn({ hasPassword, onClose }: { hasPassword: boolean; onClose: () => void }) {
  const words = useWords();
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const [offered, setOffered] = useState<TotpOffered | undefined>();
  const [code, setCode] = useState('');
  const [codes, setCodes] = useState<string[] | undefined>();
  const offer = useMutation({
    mutationFn: () => call('me_totp_create', { body: hasPassword ? { password } : {} }),
    onSuccess: setOffered,
  });
  const confirm = useMutation({
    mutationFn: () => call('me_totp_confirm', { body: { code: code.replaceAll(/\s/g, '') } }),
    onSuccess: (answer) => {
      setCodes(answer.recovery_codes);
      void client.invalidateQueries({ queryKey: ['session'] });
      void client.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  if (codes) return <Codes of={codes} onClose={onClose} />;
  if (offered) {
    return (
      <Dialog
        key="confirm"
        open
        onClose={onClose}
        title={words.settings.scanTitle}
        description={words.settings.scanLead}
        onSubmit={() => confirm.mutate()}
        footer={
          <>
            <Button onClick={onClose}>{words.action.cancel}</Button>
            <Button
              type="submit"
              look="primary"
              busy={confirm.isPending}
              disabled={!/^\d{6}$/.test(code.replaceAll(/\s/g, ''))}
            >
              {words.settings.confirm}
            </Button>
          </>
        }
      >
        <div className="grid grid-cols-1 gap-4">
          {confirm.error ? <ProblemNotice error={confirm.error} /> : null}
          <div className="flex justify-center">
            <Qr text={offered.uri} label={words.settings.qr} />
          </div>
          <div className="text-center text-xs text-ink-3">
            <p>{words.settings.typeIt}</p>
            <CopyId value={offered.secret} />
          </div>
          <TextField
            label={words.signIn.code}
            inputMode="numeric"
            autoComplete="one-time-code"
            mono
            value={code}
            onChange={setCode}
          />
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog
      key="ask"
      open
      onClose={onClose}
      title={words.settings.turnOn}
      description={words.settings.turnOnLead}
      onSubmit={() => offer.mutate()}
      footer={
        <>
          <Button onClick={onClose}>{words.action.cancel}</Button>
          <Button type="submit" look="primary" busy={offer.isPending} disabled={hasPassword && !password}>
            {words.action.next}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-1 gap-3">
        {offer.error ? <ProblemNotice error={offer.error} /> : null}
        {hasPassword ? (
          <PasswordField
            label={words.settings.currentPassword}
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
          />
        ) : null}
      </div>
    </Dialog>
  );
}

/** A picture for the camera of a telephone: always dark on light, or many cannot read it. */
function Qr({ text, label }: { text: string; label: string }) {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const path = data
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
    .filter(Boolean)
    .join('');
  return (
    <svg
      role="img"
      aria-label={label}
      width="184"
      height="184"
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="rounded-lg"
    >
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}

function Codes({ of, onClose }: { of: string[]; onClose: () => void }) {
  const words = useWords();
  const [kept, setKept] = useState(false);
  return (
    <Dialog
      key="codes"
      open
      insistent
      onClose={onClose}
      title={words.settings.codesTitle}
      description={words.settings.codesLead}
      footer={
        <>
          <CopyButton value={of.join('\n')} what={words.settings.codesTitle} />
          <Button look="primary" disabled={!kept} onClick={onClose}>
            {words.action.done}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-1 gap-4">
        <Notice tone="warn">{words.settings.codesOnce}</Notice>
        <ul className="grid grid-cols-2 gap-x-6 gap-y-1 rounded-lg bg-sunken px-4 py-3 font-mono text-sm">
          {of.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
        <Check label={words.settings.codesKept} checked={kept} onChange={setKept} />
      </div>
    </Dialog>
  );
}

function NewCodes({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const [code, setCode] = useState('');
  const make = useMutation({
    mutationFn: () => call('me_recovery_codes', { body: { code: code.replaceAll(/\s/g, '') } }),
  });
  if (make.data) return <Codes of={make.data.recovery_codes} onClose={onClose} />;
  return (
    <Dialog
      key="ask"
      open
      onClose={onClose}
      title={words.settings.newCodes}
      description={words.settings.newCodesLead}
      onSubmit={() => make.mutate()}
      footer={
        <>
          <Button onClick={onClose}>{words.action.cancel}</Button>
          <Button type="submit" look="primary" busy={make.isPending} disabled={!code}>
            {words.settings.makeCodes}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-1 gap-3">
        {make.error ? <ProblemNotice error={make.error} /> : null}
        <TextField
          label={words.signIn.code}
          inputMode="numeric"
          autoComplete="one-time-code"
          mono
          value={code}
          onChange={setCode}
        />
      </div>
    </Dialog>
  );
}

function TurnOff({ hasPassword, onClose }: { hasPassword: boolean; onClose: () => void }) {
  const words = useWords();
  const keep = useSession();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const off = useMutation({
    mutationFn: () => call('me_totp_delete', { body: { ...(hasPassword ? { password } : {}), code: code.trim() } }),
    onSuccess: (answer) => {
      keep(answer);
      announce(words.settings.turnedOff);
      onClose();
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={words.settings.turnOffTitle}
      description={words.settings.turnOffLead}
      onSubmit={() => off.mutate()}
      footer={
        <>
          <Button onClick={onClose}>{words.action.cancel}</Button>
          <Button type="submit" look="danger" busy={off.isPending} disabled={!code || (hasPassword && !password)}>
            {words.settings.turnOff}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-1 gap-3">
        {off.error ? <ProblemNotice error={off.error} /> : null}
        {hasPassword ? (
          <PasswordField
            label={words.settings.currentPassword}
            autoComplete="current-password"
            value={password}
            onChange={setPassword}
          />
        ) : null}
        <TextField label={words.signIn.code} autoComplete="one-time-code" mono value={code} onChange={setCode} />
      </div>
    </Dialog>
  );
}

function Sessions() {
  const words = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const query = useQuery(sessionsQuery);
  const [asking, setAsking] = useState(false);
  const end = useMutation({
    mutationFn: (session: DeviceOut) => call('me_sessions_delete', { path: { session_id: session.id } }),
    onSuccess: () => {
      announce(words.settings.ended);
      void client.invalidateQueries({ queryKey: ['sessions'] });
    },
  });
  const everywhere = useMutation({
    mutationFn: () => call('me_sessions_delete_all', {}),
    onSuccess: () => {
      client.clear();
      void navigate({ to: '/sign-in' });
    },
  });
  return (
    <Card
      flush
      title={words.settings.sessions}
      aside={
        <Button size="sm" look="danger-quiet" onClick={() => setAsking(true)}>
          {words.settings.everywhere}
        </Button>
      }
    >
      {query.error && !query.data ? (
        <div className="p-4">
          <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
        </div>
      ) : query.data ? (
        <ul className="divide-y divide-line">
          {query.data.data.map((session) => (
            <li key={session.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
              <Laptop size={16} aria-hidden className="text-ink-3" />
              <div className="min-w-0 flex-1">
                <p className="flex flex-wrap items-center gap-1.5 font-medium">
                  {browser(session.user_agent) || words.settings.unknownBrowser}
                  {session.current ? <Badge tone="accent">{words.settings.thisOne}</Badge> : null}
                </p>
                <p className="text-xs text-ink-3">
                  {session.address ? <code>{session.address}</code> : null} {words.settings.seen}{' '}
                  <When at={session.last_seen_at} /> · {words.settings.ends} <When at={session.expires_at} />
                </p>
              </div>
              {session.current ? null : (
                <Button
                  size="sm"
                  busy={end.isPending && end.variables?.id === session.id}
                  onClick={() => end.mutate(session)}
                  aria-label={words.settings.endOf(browser(session.user_agent))}
                >
                  {words.settings.end}
                </Button>
              )}
            </li>
          ))}
        </ul>
      ) : (
        <Waiting rows={3} />
      )}
      {end.error ? (
        <div className="p-4">
          <ProblemNotice error={end.error} />
        </div>
      ) : null}
      {asking ? (
        <Dialog
          open
          onClose={() => setAsking(false)}
          title={words.settings.everywhere}
          description={words.settings.everywhereLead}
          onSubmit={() => everywhere.mutate()}
          footer={
            <>
              <Button onClick={() => setAsking(false)}>{words.action.cancel}</Button>
              <Button type="submit" look="danger" busy={everywhere.isPending}>
                {words.settings.everywhere}
              </Button>
            </>
          }
        >
          {everywhere.error ? <ProblemNotice error={everywhere.error} /> : null}
        </Dialog>
      ) : null}
    </Card>
  );
}

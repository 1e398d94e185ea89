// The second factor: on with an authenticator, off with a code, and the codes for when it is lost.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ShieldCheck, ShieldOff } from 'lucide-react';
import { useState } from 'react';
import { encode } from 'uqr';
import { call } from '../api/call.ts';
import type { PersonOut, TotpOffered } from '../api/generated.ts';
import { announce } from '../parts/announce.tsx';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Check, PasswordField, TextField } from '../parts/field.tsx';
import { Question } from '../parts/question.tsx';
import { Badge, Card, CopyButton, CopyId, Notice } from '../parts/show.tsx';
import { useWords } from '../words/words.tsx';
import { useSession } from './settings-session.ts';

export function SecondFactor({ of }: { of: PersonOut }) {
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
      <Question
        key="confirm"
        onClose={onClose}
        title={words.settings.scanTitle}
        lead={words.settings.scanLead}
        onSubmit={() => confirm.mutate()}
        act={words.settings.confirm}
        busy={confirm.isPending}
        missing={!/^\d{6}$/.test(code.replaceAll(/\s/g, ''))}
        error={confirm.error}
      >
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
      </Question>
    );
  }
  return (
    <Question
      key="ask"
      onClose={onClose}
      title={words.settings.turnOn}
      lead={words.settings.turnOnLead}
      onSubmit={() => offer.mutate()}
      act={words.action.next}
      busy={offer.isPending}
      missing={hasPassword && !password}
      error={offer.error}
    >
      {hasPassword ? (
        <PasswordField
          label={words.settings.currentPassword}
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
        />
      ) : null}
    </Question>
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
    <Question
      key="ask"
      onClose={onClose}
      title={words.settings.newCodes}
      lead={words.settings.newCodesLead}
      onSubmit={() => make.mutate()}
      act={words.settings.makeCodes}
      busy={make.isPending}
      missing={!code}
      error={make.error}
    >
      <TextField
        label={words.signIn.code}
        inputMode="numeric"
        autoComplete="one-time-code"
        mono
        value={code}
        onChange={setCode}
      />
    </Question>
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
    <Question
      onClose={onClose}
      title={words.settings.turnOffTitle}
      lead={words.settings.turnOffLead}
      onSubmit={() => off.mutate()}
      danger
      act={words.settings.turnOff}
      busy={off.isPending}
      missing={!code || (hasPassword && !password)}
      error={off.error}
    >
      {hasPassword ? (
        <PasswordField
          label={words.settings.currentPassword}
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
        />
      ) : null}
      <TextField label={words.signIn.code} autoComplete="one-time-code" mono value={code} onChange={setCode} />
    </Question>
  );
}

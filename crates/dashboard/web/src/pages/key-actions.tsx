// What can be done with a key. Each asks once, says what follows, and shows since when it is in force.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { call, isRefused } from '../api/call.ts';
import type { KeyIssued, KeyOut, ReceiptOut } from '../api/generated.ts';
import { keyQuery, operationsQuery } from '../api/queries.ts';
import { announce } from '../parts/announce.tsx';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Choices } from '../parts/field.tsx';
import { OperationTable } from '../parts/operations.tsx';
import { Question } from '../parts/question.tsx';
import { Receipt } from '../parts/receipt.tsx';
import { Secrets } from '../parts/secrets.tsx';
import { Notice, ProblemNotice, When } from '../parts/show.tsx';
import { type Fix, scopesOf } from '../reach.ts';
import { useHere } from '../shell/account.ts';
import { useNames } from '../shell/names.ts';
import { useWords } from '../words/words.tsx';
import { draftOf, faultsOf, patchOf } from './key-draft.ts';
import { KeyForm } from './key-form.tsx';

interface Props {
  of: KeyOut;
  onClose: () => void;
}

function useNamed(key: KeyOut): string {
  const words = useWords();
  return key.description || (key.kind === 'primary' ? words.keys.primaryName : words.keys.unnamed);
}

/** Everything about keys is read again after a change. */
function useStale() {
  const client = useQueryClient();
  const { id } = useHere();
  return () => void client.invalidateQueries({ queryKey: ['account', id] });
}

/** A question, and after it the receipt. */
function Ask(props: {
  title: string;
  lead: ReactNode;
  act: string;
  danger?: boolean;
  done: string;
  run: () => Promise<{ in_force: ReceiptOut }>;
  onClose: () => void;
  onDone?: () => void;
  children?: ReactNode;
}) {
  const words = useWords();
  const stale = useStale();
  const action = useMutation({
    mutationFn: props.run,
    onSuccess: () => {
      announce(props.done);
      if (!props.onDone) stale();
    },
  });
  const close = () => {
    if (action.data) props.onDone?.();
    props.onClose();
  };
  if (action.data) {
    return (
      <Dialog
        open
        onClose={close}
        title={props.done}
        footer={
          <Button look="primary" onClick={close}>
            {words.action.done}
          </Button>
        }
      >
        <Receipt receipt={action.data.in_force} />
      </Dialog>
    );
  }
  return (
    <Question
      title={props.title}
      lead={props.lead}
      act={props.act}
      danger={props.danger ?? false}
      busy={action.isPending}
      error={action.error}
      onSubmit={() => action.mutate()}
      onClose={close}
    >
      {props.children}
    </Question>
  );
}

export function Disable({ of: key, onClose }: Props) {
  const words = useWords();
  const { id } = useHere();
  return (
    <Ask
      title={words.key.disableTitle(useNamed(key))}
      lead={words.key.disableLead}
      act={words.key.disable}
      done={words.key.disabled}
      run={() => call('keys_disable', { path: { account_id: id, key_id: key.id } })}
      onClose={onClose}
    />
  );
}

export function Enable({ of: key, onClose }: Props) {
  const words = useWords();
  const { id } = useHere();
  return (
    <Ask
      title={words.key.enableTitle(useNamed(key))}
      lead={words.key.enableLead}
      act={words.key.enable}
      done={words.key.enabled}
      run={() => call('keys_enable', { path: { account_id: id, key_id: key.id } })}
      onClose={onClose}
    />
  );
}

export function Revoke({ of: key, onClose }: Props) {
  const words = useWords();
  const { id } = useHere();
  return (
    <Ask
      danger
      title={words.key.revokeTitle(useNamed(key))}
      lead={words.key.revokeLead}
      act={words.key.revoke}
      done={words.key.revoked}
      run={() => call('keys_revoke', { path: { account_id: id, key_id: key.id } })}
      onClose={onClose}
    >
      <LastUse of={key} />
    </Ask>
  );
}

export function Delete({ of: key, onClose }: Props) {
  const words = useWords();
  const { id } = useHere();
  const navigate = useNavigate();
  const client = useQueryClient();
  return (
    <Ask
      danger
      title={words.key.deleteTitle(useNamed(key))}
      lead={words.key.deleteLead}
      act={words.key.delete}
      done={words.key.deleted}
      run={() => call('keys_delete', { path: { account_id: id, key_id: key.id } })}
      onClose={onClose}
      onDone={() => {
        void navigate({ to: '/a/$account/keys', params: { account: id } }).then(() => {
          client.removeQueries({ queryKey: keyQuery(id, key.id).queryKey });
          void client.invalidateQueries({ queryKey: ['account', id] });
        });
      }}
    >
      <LastUse of={key} />
    </Ask>
  );
}

/** Whether somebody would notice. */
function LastUse({ of: key }: { of: KeyOut }) {
  const words = useWords();
  const last = [key.test?.last_used?.at, key.live?.last_used?.at].filter(Boolean).sort().at(-1);
  return (
    <Notice tone={last && Date.now() - Date.parse(last) < 7 * 86_400_000 ? 'warn' : 'info'}>
      {last ? (
        <>
          {words.key.lastUse} <When at={last} />.
        </>
      ) : (
        words.key.neverUsed
      )}
    </Notice>
  );
}

export function EndPrevious({ of: key, onClose }: Props) {
  const words = useWords();
  const { id } = useHere();
  const halves = (['test', 'live'] as const).filter((environment) => key[environment]?.previous);
  return (
    <Ask
      danger
      title={words.key.endTitle}
      lead={words.key.endLead}
      act={words.key.endNow}
      done={words.key.ended}
      run={() => call('keys_end_previous', { path: { account_id: id, key_id: key.id }, body: {} })}
      onClose={onClose}
    >
      {halves.map((environment) => {
        const previous = key[environment]?.previous;
        if (!previous) return null;
        return (
          <Notice
            key={environment}
            tone={previous.last_used ? 'warn' : 'info'}
            title={`${words.environment[environment]} …${previous.last_four}`}
          >
            {previous.last_used ? (
              <>
                {words.key.previousUsed} <When at={previous.last_used.at} /> (<code>{previous.last_used.address}</code>
                ).
              </>
            ) : (
              words.key.previousSilent
            )}
          </Notice>
        );
      })}
    </Ask>
  );
}

export function Rotate({ of: key, onClose }: Props) {
  const words = useWords();
  const { id } = useHere();
  const stale = useStale();
  const both = key.environments.length > 1;
  const [overlap, setOverlap] = useState<'0' | '3600' | '86400' | '604800'>('86400');
  const [which, setWhich] = useState<'both' | 'test' | 'live'>('both');
  const [issued, setIssued] = useState<KeyIssued | undefined>();
  const [kept, setKept] = useState(false);
  const rotate = useMutation({
    mutationFn: () =>
      call('keys_rotate', {
        path: { account_id: id, key_id: key.id },
        body: { overlap_seconds: Number(overlap), ...(which === 'both' ? {} : { environments: [which] }) },
      }),
    onSuccess: (answer) => {
      setIssued(answer);
      stale();
    },
  });
  if (issued) {
    return (
      <Dialog
        open
        insistent
        size="md"
        onClose={onClose}
        title={words.key.rotated}
        description={overlap === '0' ? words.key.rotatedNow : words.key.rotatedOverlap}
        footer={
          <Button look="primary" disabled={!kept} onClick={onClose}>
            {words.action.done}
          </Button>
        }
      >
        <div className="grid grid-cols-1 gap-4">
          <Secrets secrets={issued} scopes={issued.key.scopes} kept={kept} onKept={setKept} />
          <Receipt receipt={issued.in_force} />
        </div>
      </Dialog>
    );
  }
  return (
    <Question
      size="md"
      title={words.key.rotateTitle}
      lead={words.key.rotateLead}
      act={words.key.rotate}
      busy={rotate.isPending}
      error={rotate.error}
      onSubmit={() => rotate.mutate()}
      onClose={onClose}
    >
      {key.test?.previous || key.live?.previous ? <Notice tone="warn">{words.key.rotateAgain}</Notice> : null}
      <Choices
        label={words.key.overlap}
        value={overlap}
        onChange={setOverlap}
        options={[
          { value: '86400', label: words.key.overlaps.day, help: words.key.overlapHelp },
          { value: '604800', label: words.key.overlaps.week },
          { value: '3600', label: words.key.overlaps.hour },
          { value: '0', label: words.key.overlaps.none, help: words.key.overlapNone },
        ]}
      />
      {both ? (
        <Choices
          label={words.key.which}
          value={which}
          onChange={setWhich}
          options={[
            { value: 'both', label: words.key.both },
            { value: 'test', label: words.environment.test },
            { value: 'live', label: words.environment.live },
          ]}
        />
      ) : null}
    </Question>
  );
}

export function Edit({ of: key, onClose, focus }: Props & { focus?: Fix | undefined }) {
  const words = useWords();
  const { id } = useHere();
  const stale = useStale();
  const names = useNames();
  const operations = useQuery(operationsQuery).data?.data ?? [];
  // The key as it was when the dialog opened: what is typed is held against it.
  const [before] = useState(key);
  const [draft, setDraft] = useState(() => draftOf(before));
  const [tried, setTried] = useState(false);
  const primary = key.kind === 'primary';
  const faults = tried ? faultsOf(draft, words, primary) : {};
  const save = useMutation({
    mutationFn: () => call('keys_update', { path: { account_id: id, key_id: key.id }, body: patchOf(draft, before) }),
    onSuccess: () => {
      announce(words.key.saved);
      stale();
      onClose();
    },
  });
  const submit = () => {
    setTried(true);
    if (Object.keys(faultsOf(draft, words, primary)).length) return;
    if (Object.keys(patchOf(draft, before)).length <= 1) onClose();
    else save.mutate();
  };
  const chosen = draft.companies === 'all' ? [] : draft.companies.map((one) => names.company(one) ?? one);
  return (
    <Dialog
      open
      size={primary ? 'md' : 'xl'}
      onClose={onClose}
      title={words.key.editTitle}
      first={focus ? `[data-part="${focus}"]` : undefined}
      onSubmit={submit}
      footer={
        <>
          {Object.keys(faults).length ? (
            <p role="alert" className="mr-auto text-sm font-medium text-bad">
              {words.form.faults}
            </p>
          ) : null}
          <Button onClick={onClose}>{words.action.cancel}</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            {words.action.save}
          </Button>
        </>
      }
    >
      <div className={primary ? 'grid gap-5' : 'grid grid-cols-1 gap-6 lg:grid-cols-[minmax(0,1fr)_24rem]'}>
        <div className="grid grid-cols-1 content-start gap-5">
          {save.error ? (
            <ProblemNotice
              error={save.error}
              {...(isRefused(save.error, 'stale_version')
                ? {
                    onRetry: () => {
                      stale();
                      onClose();
                    },
                  }
                : {})}
            />
          ) : null}
          <KeyForm
            draft={draft}
            onChange={setDraft}
            faults={faults}
            operations={operations}
            primary={primary}
            existing
          />
        </div>
        {primary ? null : (
          <div className="lg:sticky lg:top-0 lg:self-start">
            <h3 className="mb-2 text-sm font-semibold">{words.operations.title}</h3>
            <OperationTable
              operations={operations}
              scopes={scopesOf(draft.preset, draft.scopes)}
              restricted={draft.companies !== 'all'}
              companies={chosen}
              className="h-[26rem] overflow-hidden rounded-lg border border-line lg:h-[min(34rem,calc(100dvh-17rem))]"
            />
          </div>
        )}
      </div>
    </Dialog>
  );
}

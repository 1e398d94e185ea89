// Creating a key: choices on one side, what they allow on the other; then both secrets, once.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../api/call.ts';
import type { KeyIssued } from '../api/generated.ts';
import { companiesQuery, operationsQuery } from '../api/queries.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { OperationTable } from '../parts/operations.tsx';
import { Secrets } from '../parts/secrets.tsx';
import { ProblemNotice } from '../parts/show.tsx';
import { scopesOf } from '../reach.ts';
import { useHere } from '../shell/account.ts';
import { useWords } from '../words/words.tsx';
import { type Draft, faultsOf, fresh, inputOf } from './key-draft.ts';
import { KeyForm } from './key-form.tsx';

export function KeyCreate({ open, onClose }: { open: boolean; onClose: () => void }) {
  const words = useWords();
  const { id } = useHere();
  const client = useQueryClient();
  const navigate = useNavigate();
  const operations = useQuery(operationsQuery);
  const companies = useQuery(companiesQuery(id)).data?.data ?? [];
  const [draft, setDraft] = useState<Draft>(fresh);
  const [tried, setTried] = useState(false);
  const [issued, setIssued] = useState<KeyIssued | undefined>();
  const [kept, setKept] = useState(false);
  const faults = tried ? faultsOf(draft, words) : {};

  const create = useMutation({
    mutationFn: () => call('keys_create', { path: { account_id: id }, body: inputOf(draft) }),
    onSuccess: (answer) => {
      setIssued(answer);
      void client.invalidateQueries({ queryKey: ['account', id] });
    },
  });

  const submit = () => {
    setTried(true);
    if (Object.keys(faultsOf(draft, words)).length === 0) create.mutate();
  };
  const end = () => {
    const made = issued?.key.id;
    setDraft(fresh);
    setTried(false);
    setIssued(undefined);
    setKept(false);
    create.reset();
    onClose();
    if (made) void navigate({ to: '/a/$account/keys/$key', params: { account: id, key: made } });
  };

  if (issued) {
    return (
      <Dialog
        open={open}
        onClose={end}
        size="md"
        insistent
        title={words.keyForm.created}
        description={words.keyForm.createdLead(issued.key.description)}
        footer={
          <Button look="primary" disabled={!kept} onClick={end}>
            {words.action.done}
          </Button>
        }
      >
        <Secrets secrets={issued} scopes={issued.key.scopes} kept={kept} onKept={setKept} />
      </Dialog>
    );
  }

  const names =
    draft.companies === 'all' ? [] : companies.filter((one) => draft.companies.includes(one.id)).map((one) => one.name);
  return (
    <Dialog
      open={open}
      onClose={end}
      size="xl"
      title={words.keyForm.title}
      description={words.keyForm.lead}
      onSubmit={submit}
      footer={
        <>
          {tried && Object.keys(faults).length ? (
            <p role="alert" className="mr-auto text-sm font-medium text-bad">
              {words.form.faults}
            </p>
          ) : null}
          <Button onClick={end}>{words.action.cancel}</Button>
          <Button look="primary" type="submit" busy={create.isPending}>
            {words.keyForm.create}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-1 gap-6 lg:grid-cols-[minmax(0,1fr)_24rem]">
        <div className="grid grid-cols-1 content-start gap-5">
          {create.error ? <ProblemNotice error={create.error} /> : null}
          <KeyForm draft={draft} onChange={setDraft} faults={faults} operations={operations.data?.data ?? []} />
        </div>
        <div className="lg:sticky lg:top-0 lg:self-start">
          <h3 className="mb-2 text-sm font-semibold">{words.operations.title}</h3>
          <OperationTable
            operations={operations.data?.data ?? []}
            scopes={scopesOf(draft.preset, draft.scopes)}
            restricted={draft.companies !== 'all'}
            companies={names}
            className="h-[26rem] overflow-hidden rounded-lg border border-line lg:h-[min(34rem,calc(100dvh-17rem))]"
          />
          <p className="mt-2 text-xs text-ink-3">{words.operations.note}</p>
        </div>
      </div>
    </Dialog>
  );
}

// The settings of a key, for creating and for changing: what it is for, what it may do, where and how long.
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import type { OperationOut } from '../api/generated.ts';
import { companiesQuery } from '../api/queries.ts';
import { cx } from '../parts/class.ts';
import { AreaField, Check, Choices, Field, SearchField, TextField } from '../parts/field.tsx';
import { Notice } from '../parts/show.tsx';
import { grants, knownScopes, lines, mayChange, type Preset, presets, scopesOf, tally } from '../reach.ts';
import { useHere } from '../shell/account.ts';
import { useWords } from '../words/words.tsx';
import type { Draft, Faults } from './key-draft.ts';

interface Props {
  draft: Draft;
  onChange: (draft: Draft) => void;
  faults: Faults;
  operations: OperationOut[];
  /** The primary key has fewer settings. */
  primary?: boolean;
  /** An existing key: which environments it has is settled. */
  existing?: boolean;
}

export function KeyForm({ draft, onChange, faults, operations, primary, existing }: Props) {
  const words = useWords();
  const form = words.keyForm;
  const set = (part: Partial<Draft>) => onChange({ ...draft, ...part });
  const scopes = scopesOf(draft.preset, draft.scopes);

  const count = (preset: Preset) => {
    const sums = tally(operations, scopesOf(preset, draft.scopes), draft.companies !== 'all');
    return sums.all ? form.countOf(sums.allowed, sums.all) : undefined;
  };

  return (
    <div className="grid grid-cols-1 gap-6">
      <Part name="description">
        <TextField
          label={form.description}
          help={form.descriptionHelp}
          error={faults.description}
          value={draft.description}
          maxLength={200}
          autoComplete="off"
          onChange={(description) => set({ description })}
        />
      </Part>
      {primary ? (
        <>
          <Notice tone="info">{form.primaryNote}</Notice>
          <Part name="networks">
            <Networks draft={draft} set={set} faults={faults} />
          </Part>
        </>
      ) : (
        <>
          <Part name="preset">
            <Choices
              label={form.preset}
              value={draft.preset}
              onChange={(preset) => set({ preset })}
              options={presets.map((preset) => ({
                value: preset,
                label: words.presets[preset].name,
                help: words.presets[preset].help,
                aside:
                  preset === 'custom' ? undefined : (
                    <span className="text-xs whitespace-nowrap text-ink-3 tabular-nums">{count(preset)}</span>
                  ),
              }))}
            />
            {draft.preset === 'full_access' ? <p className="mt-2 text-xs text-warn">{form.wideNote}</p> : null}
            {draft.preset === 'custom' ? (
              <Scopes
                operations={operations}
                chosen={draft.scopes}
                error={faults.scopes}
                onChange={(next) => set({ scopes: next })}
              />
            ) : null}
          </Part>
          <Part name="companies">
            <Companies draft={draft} set={set} error={faults.companies} />
          </Part>
          <Part name="origins">
            <Choices
              label={form.place}
              value={draft.place}
              onChange={(place) => set({ place })}
              columns
              options={[
                { value: 'server', label: form.server, help: form.serverHelp },
                { value: 'browser', label: form.browser, help: form.browserHelp },
              ]}
            />
            {draft.place === 'browser' ? (
              <div className="mt-3 grid gap-3">
                <BrowserWarning />
                <AreaField
                  label={form.origins}
                  help={form.originsHelp}
                  error={faults.origins}
                  value={draft.origins}
                  placeholder="https://app.example.com"
                  mono
                  onChange={(origins) => set({ origins })}
                />
                {lines(draft.origins).includes('*') ? (
                  mayChange(scopes) ? (
                    <Check
                      label={form.confirmAny}
                      help={form.confirmAnyHelp}
                      checked={draft.confirmAny}
                      error={faults.confirmAny}
                      onChange={(confirmAny) => set({ confirmAny })}
                    />
                  ) : (
                    <Notice tone="warn">{form.anyReads}</Notice>
                  )
                ) : null}
                {draft.environments === 'both' ? (
                  <Check
                    label={form.confirmLive}
                    checked={draft.confirmLive}
                    error={faults.confirmLive}
                    onChange={(confirmLive) => set({ confirmLive })}
                  />
                ) : null}
              </div>
            ) : null}
          </Part>
          <Part name="networks">
            <Networks draft={draft} set={set} faults={faults} />
          </Part>
          <Part name="expiry">
            <Expiry draft={draft} set={set} error={faults.expiry} existing={existing ?? false} />
          </Part>
          {existing ? null : (
            <Choices
              label={form.environments}
              value={draft.environments}
              onChange={(environments) => set({ environments })}
              columns
              options={[
                { value: 'both', label: form.both, help: form.bothHelp },
                { value: 'test', label: form.testOnly, help: form.testOnlyHelp },
              ]}
            />
          )}
        </>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <Part name="rotation">
          <TextField
            label={form.rotation}
            help={form.rotationHelp}
            error={faults.rotation}
            optional
            inputMode="numeric"
            value={draft.rotation}
            onChange={(rotation) => set({ rotation })}
          />
        </Part>
        <Part name="limits">
          <AreaField
            label={form.limits}
            help={form.limitsHelp}
            error={faults.limits}
            optional
            rows={1}
            mono
            placeholder="default=600"
            value={draft.limits}
            onChange={(limits) => set({ limits })}
          />
        </Part>
      </div>
    </div>
  );
}

function Part({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div data-part={name} className="scroll-my-4">
      {children}
    </div>
  );
}

/** Whoever opens the page has the key: said wherever a key gets origins. */
export function BrowserWarning() {
  const words = useWords();
  return (
    <Notice tone="warn" title={words.browser.title}>
      <p>{words.browser.visible}</p>
      <p className="mt-1">{words.browser.better}</p>
    </Notice>
  );
}

interface PartProps {
  draft: Draft;
  set: (part: Partial<Draft>) => void;
}

function Networks({ draft, set, faults }: PartProps & { faults: Faults }) {
  const words = useWords();
  return (
    <AreaField
      label={words.keyForm.networks}
      help={words.keyForm.networksHelp}
      error={faults.networks}
      optional
      rows={2}
      mono
      placeholder="203.0.113.0/24"
      value={draft.networks}
      onChange={(networks) => set({ networks })}
    />
  );
}

function Expiry({ draft, set, error, existing }: PartProps & { error: string | undefined; existing: boolean }) {
  const words = useWords();
  const form = words.keyForm;
  const quick = ['7', '30', '90', '365'];
  const options = [
    ...(existing && draft.expiresAt ? [{ value: 'at', label: form.expiryAt }] : []),
    ...quick.map((days) => ({ value: days, label: form.expiryDays(Number(days)) })),
    { value: 'never', label: form.expiryNever },
    ...(existing && draft.expiresAt ? [] : [{ value: 'at', label: form.expiryAt }]),
  ];
  return (
    <fieldset>
      <legend className="mb-1.5 text-sm font-medium">{form.expiry}</legend>
      <div className="flex flex-wrap gap-1.5">
        {options.map((option) => (
          <label
            key={option.value}
            className={cx(
              'relative flex h-8 items-center rounded-md border px-2.5 text-sm transition-colors has-focus-visible:outline-2 has-focus-visible:outline-accent',
              draft.expiry === option.value
                ? 'border-accent bg-accent-soft text-accent-text'
                : 'border-line-strong text-ink-2 hover:bg-hover',
            )}
          >
            <input
              type="radio"
              name="expiry"
              className="absolute inset-0 opacity-0"
              checked={draft.expiry === option.value}
              onChange={() => set({ expiry: option.value })}
            />
            {option.label}
          </label>
        ))}
      </div>
      {draft.expiry === 'at' ? (
        <TextField
          className="mt-2 max-w-60"
          label={form.expiryMoment}
          type="datetime-local"
          value={draft.expiresAt}
          error={error}
          onChange={(expiresAt) => set({ expiresAt })}
        />
      ) : null}
      <p className="mt-1.5 text-xs text-ink-3">{draft.expiry === 'never' ? form.neverHelp : form.expiryHelp}</p>
    </fieldset>
  );
}

function Companies({ draft, set, error }: PartProps & { error: string | undefined }) {
  const words = useWords();
  const form = words.keyForm;
  const { id } = useHere();
  const { data } = useQuery(companiesQuery(id));
  const [search, setSearch] = useState('');
  const all = data?.data ?? [];
  const chosen = draft.companies === 'all' ? [] : draft.companies;
  const found = all.filter((one) => one.name.toLowerCase().includes(search.toLowerCase()));
  const toggle = (company: string, on: boolean) =>
    set({ companies: on ? [...chosen, company] : chosen.filter((one) => one !== company) });
  return (
    <div>
      <Choices
        label={form.companies}
        value={draft.companies === 'all' ? 'all' : 'some'}
        onChange={(value) => set({ companies: value === 'all' ? 'all' : [] })}
        columns
        options={[
          { value: 'all', label: form.allCompanies, help: form.allCompaniesHelp },
          { value: 'some', label: form.someCompanies, help: form.someCompaniesHelp },
        ]}
      />
      {draft.companies === 'all' ? null : (
        <div className="mt-2 rounded-lg border border-line">
          {all.length > 6 ? (
            <SearchField
              className="border-b border-line p-2"
              label={form.searchCompanies}
              value={search}
              onChange={setSearch}
            />
          ) : null}
          <fieldset className="scroll-quiet grid max-h-44 gap-2 overflow-y-auto p-3">
            <legend className="sr-only">{form.companies}</legend>
            {found.map((one) => (
              <Check
                key={one.id}
                label={one.name}
                checked={chosen.includes(one.id)}
                onChange={(on) => toggle(one.id, on)}
              />
            ))}
            {found.length ? null : (
              <p className="text-xs text-ink-3">{all.length ? form.noCompanyFound : form.noCompanies}</p>
            )}
          </fieldset>
          <p className="border-t border-line px-3 py-1.5 text-xs text-ink-3" aria-live="polite">
            {form.companiesChosen(chosen.length)}
          </p>
        </div>
      )}
      {error ? <p className="mt-1 text-xs font-medium text-bad">{error}</p> : null}
    </div>
  );
}

function Scopes(props: {
  operations: OperationOut[];
  chosen: string[];
  error: string | undefined;
  onChange: (scopes: string[]) => void;
}) {
  const words = useWords();
  const known = useMemo(() => knownScopes(props.operations), [props.operations]);
  const resources = [...new Set(known.map((scope) => scope.split(':')[0] ?? ''))];
  const actions = ['read', 'write', 'send'];
  const toggle = (scope: string, on: boolean) =>
    props.onChange(on ? [...props.chosen, scope].sort() : props.chosen.filter((one) => one !== scope));
  return (
    <Field label={words.keyForm.scopes} error={props.error} className="mt-3">
      {({ id, ...described }) => (
        <div id={id} {...described} className="overflow-x-auto rounded-lg border border-line">
          <table className="w-full text-xs">
            <thead>
              <tr className="bg-sunken text-ink-3">
                <th scope="col" className="px-3 py-1.5 text-left font-medium">
                  {words.keyForm.resource}
                </th>
                {actions.map((action) => (
                  <th key={action} scope="col" className="w-16 px-2 py-1.5 text-center font-medium">
                    {words.actions[action as keyof typeof words.actions]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {resources.map((resource) => (
                <tr key={resource} className="border-t border-line">
                  <th scope="row" className="px-3 py-1.5 text-left font-mono font-normal">
                    {resource}
                  </th>
                  {actions.map((action) => {
                    const scope = `${resource}:${action}`;
                    return (
                      <td key={action} className="text-center">
                        {known.includes(scope) ? (
                          <input
                            type="checkbox"
                            aria-label={scope}
                            className="size-4 align-middle accent-accent"
                            checked={grants(props.chosen, scope)}
                            onChange={(event) => toggle(scope, event.target.checked)}
                          />
                        ) : (
                          <span aria-hidden className="text-line-strong">
                            –
                          </span>
                        )}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Field>
  );
}

// Companies: whose documents are kept apart, and what the API calls them.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Building2, Ellipsis, Pencil, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { call } from '../api/call.ts';
import type { CompanyOut } from '../api/generated.ts';
import { companiesQuery, companyPagesQuery, keysQuery } from '../api/queries.ts';
import { number } from '../format.ts';
import { announce } from '../parts/announce.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { AreaField, SearchField, TextField } from '../parts/field.tsx';
import { Menu } from '../parts/menu.tsx';
import { Question } from '../parts/question.tsx';
import { Card, CopyId, cell, Empty, Notice, PageHead, ProblemNotice, Waiting, When } from '../parts/show.tsx';
import { lines } from '../reach.ts';
import { useHere } from '../shell/account.ts';
import { useLanguage, useWords } from '../words/words.tsx';

type Doing = { what: 'create' } | { what: 'edit' | 'delete'; company: CompanyOut };

export function Companies() {
  const words = useWords();
  const language = useLanguage();
  const { id, env, may } = useHere();
  const [search, setSearch] = useState('');
  const pages = useInfiniteQuery(companyPagesQuery(id));
  // Who looks for one looks among all of them.
  const whole = useQuery({ ...companiesQuery(id), enabled: search !== '' });
  const query = search ? whole : pages;
  const keys = useQuery({ ...keysQuery(id), enabled: may('keys_list') }).data?.data;
  const [doing, setDoing] = useState<Doing | undefined>();
  const listed = pages.data?.pages.flatMap((page) => page.data) ?? [];
  const all = search ? (whole.data?.data ?? []) : listed;
  const found = all.filter(
    (one) =>
      !search ||
      [one.name, one.id, ...one.external_names].some((text) => text.toLowerCase().includes(search.toLowerCase())),
  );
  const create = may('companies_create') ? (
    <Button look="primary" icon={<Plus size={15} aria-hidden />} onClick={() => setDoing({ what: 'create' })}>
      {words.companies.create}
    </Button>
  ) : null;
  const restricted = (company: string) =>
    (keys ?? []).filter((key) => key.companies !== 'all' && key.companies.includes(company)).length;
  return (
    <>
      <PageHead title={words.companies.title} lead={words.companies.lead} actions={create} />
      <Card flush>
        {listed.length > 0 ? (
          <div className="border-b border-line p-3">
            <SearchField className="sm:w-72" label={words.companies.search} value={search} onChange={setSearch} />
          </div>
        ) : null}
        {query.error && !query.data ? (
          <div className="p-4">
            <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
          </div>
        ) : query.isPending ? (
          <Waiting />
        ) : found.length === 0 ? (
          <Empty
            icon={<Building2 size={18} />}
            title={search ? words.companies.noneFound : words.companies.none}
            action={search ? <Button onClick={() => setSearch('')}>{words.action.clearFilters}</Button> : create}
          >
            {search ? null : words.companies.noneDetail}
          </Empty>
        ) : (
          <>
            <table className="w-full text-sm">
              <caption className="sr-only">{words.companies.title}</caption>
              <thead>
                <tr>
                  <th scope="col" className={cell.head}>
                    {words.companies.name}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden sm:table-cell')}>
                    {words.companies.external(words.environment[env].toLowerCase())}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden md:table-cell')}>
                    {words.companies.keys}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden md:table-cell')}>
                    {words.companies.created}
                  </th>
                  <th scope="col" className={cx(cell.head, 'w-10')}>
                    <span className="sr-only">{words.companies.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {found.map((company) => {
                  const external = company.external_names.filter((name) => name.startsWith(`${env}:`));
                  const count = restricted(company.id);
                  return (
                    <tr key={company.id} className={cell.row}>
                      <td className={cell.body}>
                        <span className="block font-medium">{company.name}</span>
                        <span className="text-xs">
                          <CopyId value={company.id} short />
                        </span>
                        <span className="block text-xs text-ink-3 sm:hidden">
                          {external.map((name) => (
                            <code key={name} className="block break-all">
                              {name.slice(env.length + 1)}
                            </code>
                          ))}
                        </span>
                      </td>
                      <td className={cx(cell.body, 'hidden sm:table-cell')}>
                        {external.length ? (
                          external.map((name) => (
                            <code key={name} className="block break-all text-ink-2">
                              {name.slice(env.length + 1)}
                            </code>
                          ))
                        ) : (
                          <span className="text-xs text-ink-3">{words.companies.noExternal}</span>
                        )}
                      </td>
                      <td className={cx(cell.body, 'hidden md:table-cell')}>
                        {count ? (
                          <Link
                            to="/a/$account/keys"
                            params={{ account: id }}
                            search={{ company: company.id } as never}
                            className="font-medium text-accent-text hover:underline"
                          >
                            {words.overview.keys(count)}
                          </Link>
                        ) : (
                          <span className="text-ink-3">–</span>
                        )}
                      </td>
                      <td className={cx(cell.body, 'hidden text-ink-2 md:table-cell')}>
                        <When at={company.created_at} />
                      </td>
                      <td className={cx(cell.body, 'text-right')}>
                        {may('companies_update') || may('companies_delete') ? (
                          <Menu
                            trigger={
                              <IconButton label={words.companies.actionsOf(company.name)}>
                                <Ellipsis size={16} aria-hidden />
                              </IconButton>
                            }
                            groups={[
                              {
                                items: may('companies_update')
                                  ? [
                                      {
                                        label: words.action.edit,
                                        icon: <Pencil size={14} aria-hidden />,
                                        onSelect: () => setDoing({ what: 'edit', company }),
                                      },
                                    ]
                                  : [],
                              },
                              {
                                items: may('companies_delete')
                                  ? [
                                      {
                                        label: words.action.delete,
                                        icon: <Trash2 size={14} aria-hidden />,
                                        danger: true,
                                        onSelect: () => setDoing({ what: 'delete', company }),
                                      },
                                    ]
                                  : [],
                              },
                            ]}
                          />
                        ) : null}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
            {pages.hasNextPage && !search ? (
              <div className="flex items-center justify-between gap-3 border-t border-line px-4 py-2">
                <p className="text-xs text-ink-3">{words.companies.newest(number(language, listed.length))}</p>
                <Button size="sm" busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                  {words.action.more}
                </Button>
              </div>
            ) : null}
          </>
        )}
      </Card>
      {doing?.what === 'create' ? <Write onClose={() => setDoing(undefined)} /> : null}
      {doing?.what === 'edit' ? <Write company={doing.company} onClose={() => setDoing(undefined)} /> : null}
      {doing?.what === 'delete' ? (
        <Remove company={doing.company} keys={restricted(doing.company.id)} onClose={() => setDoing(undefined)} />
      ) : null}
    </>
  );
}

const EXTERNAL = /^(test|live):[a-z0-9_]{1,32}=[!-~]{1,128}$/;

function Write({ company, onClose }: { company?: CompanyOut; onClose: () => void }) {
  const words = useWords();
  const { id } = useHere();
  const client = useQueryClient();
  const [name, setName] = useState(company?.name ?? '');
  const [external, setExternal] = useState(company?.external_names.join('\n') ?? '');
  const [tried, setTried] = useState(false);
  const wrong = lines(external).find((line) => !EXTERNAL.test(line));
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), external_names: lines(external) };
      return company
        ? call('companies_update', {
            path: { account_id: id, company_id: company.id },
            body: { ...body, expected_version: company.version },
          })
        : call('companies_create', { path: { account_id: id }, body });
    },
    onSuccess: () => {
      announce(company ? words.companies.saved : words.companies.made);
      void client.invalidateQueries({ queryKey: ['account', id] });
      onClose();
    },
  });
  return (
    <Question
      size="md"
      onClose={onClose}
      title={company ? words.companies.editTitle : words.companies.createTitle}
      lead={company ? undefined : words.companies.createLead}
      onSubmit={() => {
        setTried(true);
        if (name.trim() && !wrong) save.mutate();
      }}
      act={company ? words.action.save : words.companies.create}
      busy={save.isPending}
      error={save.error}
    >
      <TextField
        label={words.companies.name}
        value={name}
        onChange={setName}
        maxLength={200}
        autoComplete="off"
        error={tried && !name.trim() ? words.form.required : undefined}
      />
      <AreaField
        label={words.companies.externalNames}
        help={words.companies.externalHelp}
        optional
        mono
        value={external}
        onChange={setExternal}
        placeholder={'test:vat=IT01234567890\nlive:vat=IT01234567890'}
        error={tried && wrong ? words.companies.externalWrong(wrong) : undefined}
      />
    </Question>
  );
}

function Remove({ company, keys, onClose }: { company: CompanyOut; keys: number; onClose: () => void }) {
  const words = useWords();
  const { id } = useHere();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => call('companies_delete', { path: { account_id: id, company_id: company.id } }),
    onSuccess: () => {
      announce(words.companies.removed);
      void client.invalidateQueries({ queryKey: ['account', id] });
      onClose();
    },
  });
  return (
    <Question
      onClose={onClose}
      title={words.companies.deleteTitle(company.name)}
      lead={words.companies.deleteLead}
      onSubmit={() => remove.mutate()}
      danger
      act={words.action.delete}
      busy={remove.isPending}
      error={remove.error}
    >
      {keys ? <Notice tone="warn">{words.companies.deleteKeys(keys)}</Notice> : null}
    </Question>
  );
}

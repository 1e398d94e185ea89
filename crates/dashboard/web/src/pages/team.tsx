// The team: members with their roles, and invitations whose link is shown once.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Ellipsis, MailPlus, ShieldCheck, UserPlus } from 'lucide-react';
import { useState } from 'react';
import { call, isRefused } from '../api/call.ts';
import type { InvitationCreated, InvitationOut, MemberOut, RoleName } from '../api/generated.ts';
import { invitationsQuery, membersQuery } from '../api/queries.ts';
import { announce } from '../parts/announce.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Choices, TextField } from '../parts/field.tsx';
import { Menu } from '../parts/menu.tsx';
import { Question } from '../parts/question.tsx';
import { Badge, Card, CodeBlock, cell, Empty, Notice, PageHead, ProblemNotice, Waiting, When } from '../parts/show.tsx';
import { useHere } from '../shell/account.ts';
import { useNames } from '../shell/names.ts';
import { useWords } from '../words/words.tsx';

const all: RoleName[] = ['owner', 'admin', 'developer', 'viewer'];

/** An admin does not make owners. */
const givable = (own: RoleName | undefined) => (own === 'owner' ? all : all.filter((role) => role !== 'owner'));

type Doing =
  | { what: 'invite' }
  | { what: 'role' | 'remove'; member: MemberOut }
  | { what: 'withdraw'; invitation: InvitationOut };

export function Team() {
  const words = useWords();
  const { id, may, membership } = useHere();
  const names = useNames();
  const members = useQuery(membersQuery(id));
  const invitations = useQuery({ ...invitationsQuery(id), enabled: may('invitations_list') });
  const [doing, setDoing] = useState<Doing | undefined>();
  const invite = may('invitations_create') ? (
    <Button look="primary" icon={<UserPlus size={15} aria-hidden />} onClick={() => setDoing({ what: 'invite' })}>
      {words.team.invite}
    </Button>
  ) : null;
  const close = () => setDoing(undefined);
  const touchable = (member: MemberOut) => member.role !== 'owner' || membership?.role === 'owner';
  return (
    <>
      <PageHead title={words.team.title} lead={words.team.lead} actions={invite} />
      <div className="grid grid-cols-1 gap-4">
        <Card flush title={words.team.members}>
          {members.error && !members.data ? (
            <div className="p-4">
              <ProblemNotice error={members.error} onRetry={() => void members.refetch()} />
            </div>
          ) : members.data ? (
            <table className="w-full text-sm">
              <caption className="sr-only">{words.team.members}</caption>
              <thead>
                <tr>
                  <th scope="col" className={cell.head}>
                    {words.team.name}
                  </th>
                  <th scope="col" className={cell.head}>
                    {words.team.role}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden sm:table-cell')}>
                    {words.team.factor}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden md:table-cell')}>
                    {words.team.keys}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden sm:table-cell')}>
                    {words.team.seen}
                  </th>
                  <th scope="col" className={cx(cell.head, 'hidden md:table-cell')}>
                    {words.team.since}
                  </th>
                  <th scope="col" className={cx(cell.head, 'w-10')}>
                    <span className="sr-only">{words.companies.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {members.data.data.map((member) => {
                  const self = member.id === membership?.member_id;
                  return (
                    <tr key={member.id} className={cell.row}>
                      <td className={cx(cell.body, 'w-full max-w-0')}>
                        <span className="flex items-center gap-1.5 font-medium">
                          <span className="truncate">{member.name}</span>
                          {self ? <Badge tone="accent">{words.team.you}</Badge> : null}
                        </span>
                        <span className="block truncate text-xs text-ink-3">{member.email}</span>
                        <span className="block truncate text-xs text-ink-3 sm:hidden">
                          {words.team.seen}{' '}
                          {member.last_seen_at ? <When at={member.last_seen_at} /> : words.team.notSignedIn}
                        </span>
                      </td>
                      <td className={cx(cell.body, 'whitespace-nowrap')}>{words.roles[member.role].name}</td>
                      <td className={cx(cell.body, 'hidden sm:table-cell')}>
                        {member.has_totp ? (
                          <Badge tone="ok">
                            <ShieldCheck size={11} aria-hidden />
                            {words.team.on}
                          </Badge>
                        ) : (
                          <Badge tone="warn">{words.team.off}</Badge>
                        )}
                      </td>
                      <td className={cx(cell.body, 'hidden text-ink-2 tabular-nums md:table-cell')}>{member.keys}</td>
                      <td className={cx(cell.body, 'hidden whitespace-nowrap text-ink-2 sm:table-cell')}>
                        {member.last_seen_at ? (
                          <When at={member.last_seen_at} />
                        ) : (
                          <span className="text-xs text-ink-3">{words.team.notSignedIn}</span>
                        )}
                      </td>
                      <td className={cx(cell.body, 'hidden text-ink-2 md:table-cell')}>
                        <When at={member.created_at} />
                      </td>
                      <td className={cx(cell.body, 'text-right')}>
                        {touchable(member) && (may('members_update') || may('members_delete')) ? (
                          <Menu
                            trigger={
                              <IconButton label={words.team.actionsOf(member.name)}>
                                <Ellipsis size={16} aria-hidden />
                              </IconButton>
                            }
                            groups={[
                              {
                                items: may('members_update')
                                  ? [
                                      {
                                        label: words.team.changeRole,
                                        onSelect: () => setDoing({ what: 'role', member }),
                                      },
                                    ]
                                  : [],
                              },
                              {
                                items: may('members_delete')
                                  ? [
                                      {
                                        label: self ? words.team.leave : words.team.remove,
                                        danger: true,
                                        onSelect: () => setDoing({ what: 'remove', member }),
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
          ) : (
            <Waiting rows={4} />
          )}
        </Card>
        {may('invitations_list') ? (
          <Card flush title={words.team.invitations}>
            {invitations.error && !invitations.data ? (
              <div className="p-4">
                <ProblemNotice error={invitations.error} onRetry={() => void invitations.refetch()} />
              </div>
            ) : !invitations.data ? (
              <Waiting rows={2} />
            ) : invitations.data.data.length ? (
              <ul className="divide-y divide-line">
                {invitations.data.data.map((invitation) => (
                  <li key={invitation.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
                    <div className="min-w-0 flex-1">
                      <p className="truncate font-medium">{invitation.email}</p>
                      <p className="text-xs text-ink-3">
                        {words.roles[invitation.role].name} · {words.team.expires} <When at={invitation.expires_at} /> ·{' '}
                        {words.team.by(names.member(invitation.created_by) ?? words.audit.operator)}
                      </p>
                    </div>
                    {may('invitations_delete') ? (
                      <Button size="sm" look="danger-quiet" onClick={() => setDoing({ what: 'withdraw', invitation })}>
                        {words.team.withdraw}
                      </Button>
                    ) : null}
                  </li>
                ))}
              </ul>
            ) : (
              <Empty icon={<MailPlus size={18} />} title={words.team.noInvitations} action={invite}>
                {words.team.noInvitationsDetail}
              </Empty>
            )}
          </Card>
        ) : null}
        <Card flush title={words.team.roles}>
          <dl className="divide-y divide-line">
            {all.map((role) => (
              <div key={role} className="grid gap-x-4 px-4 py-2 sm:grid-cols-[8rem_1fr]">
                <dt className="font-medium">{words.roles[role].name}</dt>
                <dd className="text-ink-2">{words.roles[role].help}</dd>
              </div>
            ))}
          </dl>
        </Card>
      </div>
      {doing?.what === 'invite' ? <Invite onClose={close} /> : null}
      {doing?.what === 'role' ? <ChangeRole member={doing.member} onClose={close} /> : null}
      {doing?.what === 'remove' ? <Remove member={doing.member} onClose={close} /> : null}
      {doing?.what === 'withdraw' ? <Withdraw invitation={doing.invitation} onClose={close} /> : null}
    </>
  );
}

function useStale() {
  const client = useQueryClient();
  const { id } = useHere();
  return () => {
    void client.invalidateQueries({ queryKey: ['account', id] });
    void client.invalidateQueries({ queryKey: ['session'] });
  };
}

function Invite({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const { id, membership } = useHere();
  const stale = useStale();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<RoleName>('developer');
  const [tried, setTried] = useState(false);
  const [made, setMade] = useState<InvitationCreated | undefined>();
  const wrong = !/^\S+@\S+$/.test(email.trim());
  const invite = useMutation({
    mutationFn: () => call('invitations_create', { path: { account_id: id }, body: { email: email.trim(), role } }),
    onSuccess: (answer) => {
      setMade(answer);
      stale();
    },
  });
  if (made) {
    return (
      <Dialog
        open
        insistent
        size="md"
        onClose={onClose}
        title={words.team.invited(made.invitation.email)}
        description={words.team.invitedLead}
        footer={
          <Button look="primary" onClick={onClose}>
            {words.action.done}
          </Button>
        }
      >
        <div className="grid grid-cols-1 gap-3">
          <Notice tone="warn">{words.team.linkOnce}</Notice>
          <CodeBlock text={made.link} what={words.team.link} />
          <p className="text-xs text-ink-3">
            {words.team.expires} <When at={made.invitation.expires_at} />
          </p>
        </div>
      </Dialog>
    );
  }
  return (
    <Question
      size="md"
      onClose={onClose}
      title={words.team.inviteTitle}
      lead={words.team.inviteLead}
      onSubmit={() => {
        setTried(true);
        if (!wrong) invite.mutate();
      }}
      act={words.team.makeLink}
      busy={invite.isPending}
      error={invite.error}
    >
      <TextField
        label={words.signIn.email}
        type="email"
        autoComplete="off"
        value={email}
        onChange={setEmail}
        error={tried && wrong ? words.form.email : undefined}
      />
      <Choices
        label={words.team.role}
        value={role}
        onChange={setRole}
        options={givable(membership?.role).map((one) => ({
          value: one,
          label: words.roles[one].name,
          help: words.roles[one].help,
        }))}
      />
    </Question>
  );
}

function ChangeRole({ member, onClose }: { member: MemberOut; onClose: () => void }) {
  const words = useWords();
  const { id, membership } = useHere();
  const stale = useStale();
  const [role, setRole] = useState<RoleName>(member.role);
  const save = useMutation({
    mutationFn: () => call('members_update', { path: { account_id: id, member_id: member.id }, body: { role } }),
    onSuccess: () => {
      announce(words.team.roleChanged(member.name, words.roles[role].name));
      stale();
      onClose();
    },
  });
  return (
    <Question
      size="md"
      onClose={onClose}
      title={words.team.roleTitle(member.name)}
      lead={words.team.roleLead}
      onSubmit={() => (role === member.role ? onClose() : save.mutate())}
      act={words.action.save}
      busy={save.isPending}
      error={save.error}
    >
      <Choices
        quiet
        label={words.team.role}
        value={role}
        onChange={setRole}
        options={givable(membership?.role).map((one) => ({
          value: one,
          label: words.roles[one].name,
          help: words.roles[one].help,
        }))}
      />
    </Question>
  );
}

function Remove({ member, onClose }: { member: MemberOut; onClose: () => void }) {
  const words = useWords();
  const { id } = useHere();
  const stale = useStale();
  const [keys, setKeys] = useState<'keep' | 'disable' | 'revoke'>('disable');
  const [asked, setAsked] = useState(member.keys > 0);
  const remove = useMutation({
    mutationFn: () =>
      call('members_delete', { path: { account_id: id, member_id: member.id }, query: asked ? { keys } : {} }),
    onSuccess: () => {
      announce(words.team.removed(member.name));
      stale();
      onClose();
    },
    onError: (thrown) => {
      // Keys came to be since the list was read: the question is asked after all.
      if (isRefused(thrown, 'member_has_keys')) setAsked(true);
    },
  });
  return (
    <Question
      size="md"
      onClose={onClose}
      title={words.team.removeTitle(member.name)}
      lead={words.team.removeLead}
      onSubmit={() => remove.mutate()}
      danger
      act={words.team.remove}
      busy={remove.isPending}
      error={remove.error && !isRefused(remove.error, 'member_has_keys') ? remove.error : undefined}
    >
      {asked ? (
        <Choices
          label={words.team.keysQuestion(member.keys)}
          value={keys}
          onChange={setKeys}
          options={(['disable', 'revoke', 'keep'] as const).map((one) => ({
            value: one,
            label: words.team.keysChoices[one].name,
            help: words.team.keysChoices[one].help,
          }))}
        />
      ) : (
        <p className="text-sm text-ink-2">{words.team.noKeys}</p>
      )}
    </Question>
  );
}

function Withdraw({ invitation, onClose }: { invitation: InvitationOut; onClose: () => void }) {
  const words = useWords();
  const { id } = useHere();
  const stale = useStale();
  const withdraw = useMutation({
    mutationFn: () => call('invitations_delete', { path: { account_id: id, invitation_id: invitation.id } }),
    onSuccess: () => {
      announce(words.team.withdrawn);
      stale();
      onClose();
    },
  });
  return (
    <Question
      onClose={onClose}
      title={words.team.withdrawTitle(invitation.email)}
      lead={words.team.withdrawLead}
      onSubmit={() => withdraw.mutate()}
      danger
      act={words.team.withdraw}
      busy={withdraw.isPending}
      error={withdraw.error}
    />
  );
}

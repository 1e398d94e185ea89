// Where one is signed in, and the way out of there.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Laptop } from 'lucide-react';
import { useState } from 'react';
import { call } from '../api/call.ts';
import type { DeviceOut } from '../api/generated.ts';
import { sessionsQuery } from '../api/queries.ts';
import { browser } from '../format.ts';
import { announce } from '../parts/announce.tsx';
import { Button } from '../parts/button.tsx';
import { Question } from '../parts/question.tsx';
import { Badge, Card, ProblemNotice, Waiting, When } from '../parts/show.tsx';
import { useWords } from '../words/words.tsx';

export function Sessions() {
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
        <Question
          onClose={() => setAsking(false)}
          title={words.settings.everywhere}
          lead={words.settings.everywhereLead}
          onSubmit={() => everywhere.mutate()}
          danger
          act={words.settings.everywhere}
          busy={everywhere.isPending}
          error={everywhere.error}
        />
      ) : null}
    </Card>
  );
}

// Live updates: hints of what changed throw answers away; while no hint can come, pages read on a tick.

import type { QueryClient } from '@tanstack/react-query';

type Listener = () => void;
const listeners = new Set<Listener>();
let state = false;

/** Whether hints arrive. */
export const liveness = {
  open: () => state,
  subscribe: (listener: Listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

function set(next: boolean) {
  if (state === next) return;
  state = next;
  for (const listener of listeners) listener();
}

/** Which answers a hint throws away: the part of the query key after the account. */
export function stale(kind: string): string[] {
  switch (kind) {
    case 'key':
    case 'company':
      return [kind, 'key', 'audit', 'requests'];
    case 'member':
    case 'invitation':
    case 'person':
    case 'session':
      return ['member', 'audit'];
    case 'requests':
    case 'usage':
      return ['requests'];
    default:
      return ['key', 'company', 'member', 'audit', 'requests'];
  }
}

/** The first hint is followed at once; of those behind it, one reading serves all. */
const GAP_MS = 500;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Follows one account until the returned function is called. */
export function follow(client: QueryClient, account: string): () => void {
  if (typeof EventSource === 'undefined') return () => {};
  const source = new EventSource(`/v1/accounts/${encodeURIComponent(account)}/events`);
  const waiting = new Set<string>();
  let reading = false;
  // The next reading begins when the last has ended: a slow control plane is asked less often.
  const read = async () => {
    if (reading) return;
    reading = true;
    while (waiting.size) {
      const parts = [...waiting];
      waiting.clear();
      await Promise.all([
        pause(GAP_MS),
        ...parts.map((part) => client.invalidateQueries({ queryKey: ['account', account, part] })),
      ]);
    }
    reading = false;
  };
  source.addEventListener('open', () => {
    // What happened while nobody listened is not repeated.
    if (!state) void client.invalidateQueries({ queryKey: ['account', account] });
    set(true);
  });
  source.addEventListener('error', () => set(false));
  source.addEventListener('change', (event) => {
    let kind = '';
    try {
      kind = String((JSON.parse((event as MessageEvent<string>).data) as { kind?: unknown }).kind ?? '');
    } catch {
      // A hint that cannot be read is a hint that something changed.
    }
    for (const part of stale(kind)) waiting.add(part);
    void read();
  });
  return () => {
    waiting.clear();
    source.close();
    set(false);
  };
}

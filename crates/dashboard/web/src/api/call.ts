// One way to the control API: an operation by its name, its parameters, and a problem when it refuses.

import { type FieldProblem, type Operations, type Problem, routes } from './generated.ts';

export type OperationId = keyof Operations;
export type Answer<O extends OperationId> = Operations[O]['answer'];

type Part<Name extends string, T> = T extends undefined
  ? { [N in Name]?: undefined }
  : keyof T extends never
    ? { [N in Name]?: T }
    : { [N in Name]: T };

export type Parameters<O extends OperationId> = Part<'path', Operations[O]['path']> & {
  query?: Operations[O]['query'];
} & Part<'body', Operations[O]['body']> & { signal?: AbortSignal };

/** A refusal, as the API words it; or a failure on the way, with status 0. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly requestId: string | undefined;
  readonly fields: FieldProblem[];
  readonly retryAfter: number | undefined;
  /** Everything that the body said. */
  readonly body: Record<string, unknown>;

  constructor(status: number, body: Partial<Problem>, requestId?: string, retryAfter?: number) {
    super(body.detail ?? body.title ?? `status ${status}`);
    this.name = 'Refused';
    this.status = status;
    this.code = body.error?.code ?? body.type?.split(/[/:]/).at(-1)?.replaceAll('-', '_') ?? '';
    this.title = body.title ?? '';
    this.detail = body.detail ?? '';
    this.requestId = body.request_id ?? requestId;
    this.fields = body.errors ?? [];
    this.retryAfter = retryAfter;
    this.body = body as Record<string, unknown>;
  }
}

/** Whether something thrown is a refusal with this code. */
export function isRefused(thrown: unknown, code: string): thrown is Refused {
  return thrown instanceof Refused && thrown.code === code;
}

/** The address of an operation. */
export function address(template: string, path: Record<string, unknown> = {}, query: Record<string, unknown> = {}) {
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(path[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  return search.size ? `${filled}?${search}` : filled;
}

/** Asks for one operation. */
export async function call<O extends OperationId>(operation: O, parameters: Parameters<O>): Promise<Answer<O>> {
  const [method, template] = routes[operation];
  const { path, query, body, signal } = parameters as {
    path?: Record<string, unknown>;
    query?: Record<string, unknown>;
    body?: unknown;
    signal?: AbortSignal;
  };
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(address(template, path, query), {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') throw thrown;
    throw new Refused(0, { error: { code: 'unreachable', message: '' } });
  }
  const text = await response.text();
  const read = parsed(text);
  if (!response.ok) {
    const wait = Number(response.headers.get('retry-after'));
    throw new Refused(
      response.status,
      (read ?? {}) as Partial<Problem>,
      response.headers.get('x-request-id') ?? undefined,
      Number.isFinite(wait) && wait > 0 ? wait : undefined,
    );
  }
  return read as Answer<O>;
}

function parsed(text: string): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every page of a list, up to a bound; `complete` says whether that was all. */
export async function everything<T>(
  read: (cursor: string | undefined) => Promise<{ data: T[]; next_cursor?: string | null }>,
  pages = 60,
): Promise<{ data: T[]; complete: boolean }> {
  const data: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < pages; page++) {
    const answer = await read(cursor);
    data.push(...answer.data);
    if (!answer.next_cursor) return { data, complete: true };
    cursor = answer.next_cursor;
  }
  return { data, complete: false };
}

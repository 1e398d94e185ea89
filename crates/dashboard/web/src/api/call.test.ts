import { afterEach, describe, expect, it, vi } from 'vitest';
import { address, call, everything, Refused } from './call.ts';
import { stale } from './live.ts';

afterEach(() => vi.unstubAllGlobals());

const answering = (status: number, body: string, headers: Record<string, string> = {}) => {
  const fetched = vi.fn(async () => new Response(status === 204 ? null : body, { status, headers }));
  vi.stubGlobal('fetch', fetched);
  return fetched;
};

describe('an address', () => {
  it('is filled, and nothing in it can lead elsewhere', () => {
    expect(address('/v1/accounts/{account_id}/keys', { account_id: '../x?y' }, { limit: 5, cursor: undefined })).toBe(
      '/v1/accounts/..%2Fx%3Fy/keys?limit=5',
    );
  });
});

describe('a call', () => {
  it('sends its body as JSON with the cookie of this origin only', async () => {
    const fetched = answering(201, '{"account":{}}');
    await call('companies_create', { path: { account_id: 'acc_1' }, body: { name: 'Alfa' } });
    expect(fetched).toHaveBeenCalledWith(
      '/v1/accounts/acc_1/companies',
      expect.objectContaining({ method: 'POST', credentials: 'same-origin', body: '{"name":"Alfa"}' }),
    );
  });

  it('gives nothing for an answer without a body', async () => {
    answering(204, '');
    expect(await call('session_delete', {})).toBeUndefined();
  });

  it('throws what the problem says', async () => {
    answering(
      422,
      JSON.stringify({
        type: 'urn:x:validation-failed',
        title: 'Validation failed',
        detail: 'No.',
        errors: [{ pointer: '/name', message: 'too long' }],
        request_id: 'req_1',
      }),
      { 'retry-after': '7' },
    );
    const thrown = await call('session_get', {}).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(Refused);
    expect(thrown).toMatchObject({ status: 422, code: 'validation_failed', requestId: 'req_1', retryAfter: 7 });
    expect((thrown as Refused).fields).toHaveLength(1);
  });

  it('survives an answer that is no JSON, and no answer at all', async () => {
    answering(502, '<html>', { 'x-request-id': 'req_2' });
    expect(await call('session_get', {}).catch((error: unknown) => error)).toMatchObject({
      status: 502,
      requestId: 'req_2',
    });
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('failed');
    });
    expect(await call('session_get', {}).catch((error: unknown) => error)).toMatchObject({
      status: 0,
      code: 'unreachable',
    });
  });
});

it('reads every page of a list, up to a bound', async () => {
  const read = async (cursor: string | undefined) => {
    const from = Number(cursor ?? 0);
    return { data: [from], next_cursor: from < 4 ? String(from + 1) : null };
  };
  expect(await everything(read)).toEqual({ data: [0, 1, 2, 3, 4], complete: true });
  expect(await everything(read, 2)).toEqual({ data: [0, 1], complete: false });
});

it('throws away more than enough on a hint that is not known', () => {
  expect(stale('key')).toContain('key');
  expect(stale('requests')).toEqual(['requests']);
  expect(stale('new')).toEqual(['key', 'company', 'member', 'audit', 'requests']);
});

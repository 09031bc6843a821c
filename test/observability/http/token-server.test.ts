import { describe, expect, it, onTestFinished } from 'vitest';
import { HOUR } from '../../../src/core/time.ts';
import { startTokenServer } from '../../../src/observability/http/token-server.ts';
import { fakeClock } from '../../support/clock.ts';
import { token } from '../../support/story.ts';
import { credential } from '../../support/views.ts';

async function serving(...names: readonly string[]) {
  const clock = fakeClock();
  const credentials = names.map((name) => credential(name, { clock }));
  const server = await startTokenServer({
    listen: { host: '127.0.0.1', port: 0 },
    clock,
    views: () => credentials.map(({ view }) => view()),
    failed: () => {},
  });
  onTestFinished(server.close);
  const get = (path: string, init?: RequestInit) => fetch(`http://${server.address}${path}`, init);
  return { clock, stories: credentials.map(({ story }) => story), get };
}

describe('token server', () => {
  it('the only credential is served at / with its remaining life and must not be cached', async () => {
    const { clock, stories, get } = await serving('shop');
    stories[0]?.fetch(token('1'));
    clock.pass(HOUR + 500);
    const answer = await get('/');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(await answer.json()).toEqual({ code: 200, accessToken: token('1'), expiresIn: 3599 });
  });

  it('several credentials are served by name, and a request without a name is answered 404', async () => {
    const { stories, get } = await serving('shop', 'bot');
    for (const [index, story] of stories.entries()) story.fetch(token(String(index)));
    expect(await (await get('/shop')).json()).toMatchObject({ accessToken: token('0') });
    expect(await (await get('/bot?x=1')).json()).toMatchObject({ accessToken: token('1') });
    expect((await get('/')).status).toBe(404);
    expect((await get('/nobody')).status).toBe(404);
    expect((await get('/shop/')).status).toBe(404);
  });

  it('a request for a missing or expired token is answered 503', async () => {
    const { clock, stories, get } = await serving('shop');
    const none = async () => {
      const answer = await get('/shop');
      return { status: answer.status, body: await answer.json() };
    };
    expect(await none()).toEqual({ status: 503, body: { code: 500, accessToken: null } });
    stories[0]?.fetch(token('1'), 7200);
    expect((await get('/shop')).status).toBe(200);
    clock.pass(2 * HOUR);
    expect(await none()).toEqual({ status: 503, body: { code: 500, accessToken: null } });
  });

  it('a token whose authorisation is gone is not handed out', async () => {
    const { stories, get } = await serving('shop');
    stories[0]?.fetch(token('1'), 7200);
    stories[0]?.fail({ class: 'refused', effect: 'none', endsAuthorisation: true });
    expect((await get('/shop')).status).toBe(503);
  });

  it('a POST, PUT, DELETE, OPTIONS or PATCH request is answered 405', async () => {
    const { get } = await serving('shop');
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      expect((await get('/', { method })).status).toBe(405);
    }
  });
});

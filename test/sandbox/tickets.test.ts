import { describe, expect, it } from 'vitest';
import { atNoon, fetchClassic, fetchStable, get, SECOND } from './client.ts';

const GETTICKET = '/cgi-bin/ticket/getticket';

describe('ticket endpoint', () => {
  it('the same ticket is handed out until it ends, always with its full life', async () => {
    const sandbox = await atNoon();
    const { access_token } = await fetchStable(sandbox);
    const first = await get(sandbox, GETTICKET, { access_token, type: 'jsapi' });
    expect(first).toEqual({
      errcode: 0,
      errmsg: 'ok',
      ticket: expect.stringMatching(/^[\w-]{86}$/),
      expires_in: 7200,
    });

    await sandbox.advance(7199 * SECOND);
    const renewed = await fetchStable(sandbox);
    expect(await get(sandbox, GETTICKET, { access_token: renewed.access_token, type: 'jsapi' })).toEqual(
      first,
    );
    await sandbox.advance(1 * SECOND);
    const next = await get(sandbox, GETTICKET, { access_token: renewed.access_token, type: 'jsapi' });
    expect(next.errcode).toBe(0);
    expect(next.ticket).not.toBe(first.ticket);
  });

  it('the jsapi and wx_card tickets of an account differ', async () => {
    const sandbox = await atNoon();
    const { access_token } = await fetchStable(sandbox);
    const jsapi = await get(sandbox, GETTICKET, { access_token, type: 'jsapi' });
    const card = await get(sandbox, GETTICKET, { access_token, type: 'wx_card' });
    expect(card.errcode).toBe(0);
    expect(card.ticket).not.toBe(jsapi.ticket);
  });

  it('an account has one jsapi ticket, whichever of its tokens asks', async () => {
    const sandbox = await atNoon();
    const stable = await fetchStable(sandbox);
    const classic = await fetchClassic(sandbox);
    const one = await get(sandbox, GETTICKET, { access_token: stable.access_token, type: 'jsapi' });
    const two = await get(sandbox, GETTICKET, { access_token: classic.access_token, type: 'jsapi' });
    expect(two.ticket).toBe(one.ticket);
  });

  it('a ticket fetch with a dead or missing token is refused', async () => {
    const sandbox = await atNoon();
    const { access_token } = await fetchStable(sandbox);
    await fetchStable(sandbox, { force_refresh: true });
    expect((await get(sandbox, GETTICKET, { access_token, type: 'jsapi' })).errcode).toBe(40001);
    expect((await get(sandbox, GETTICKET, { type: 'jsapi' })).errcode).toBe(41001);
  });

  it('a ticket type other than jsapi and wx_card is refused with 40097', async () => {
    const sandbox = await atNoon();
    const { access_token } = await fetchStable(sandbox);
    expect((await get(sandbox, GETTICKET, { access_token, type: 'agent_config' })).errcode).toBe(40097);
  });
});

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PushedCode } from '../../src/core/pushed-code.ts';
import { Secret } from '../../src/core/secret.ts';
import { noticeText } from '../../src/sandbox/third-parties/notice.ts';
import { eventually } from '../support/wait.ts';
import {
  COMPONENT,
  freePort,
  KEY,
  NOON,
  OLD_KEY,
  PROVIDER,
  post,
  receiving,
  SUITE,
  seal,
  TOKEN,
  ticketMessage,
} from './receiving.ts';

const SUCCESS = { status: 200, text: 'success' };
const REFUSED = { status: 403, text: '' };
const TICKET = 'ticket@@@0123456789abcdef';
const HOUR = 3_600_000;
const SHOP = 'wx1111111111111111';

function eventMessage(infoType: string, fields: readonly (readonly [string, string])[] = []): string {
  return noticeText({ receiver: { kind: 'component', id: COMPONENT }, infoType, at: NOON, fields });
}

const AUTHORIZED = eventMessage('authorized', [
  ['AuthorizerAppid', SHOP],
  ['AuthorizationCode', 'queryauthcode@@@x'],
]);

describe('pushed tickets', () => {
  it.each([
    ['component', '/wx/platform'],
    ['suite', '/wx/suite'],
  ] as const)('the ticket of a %s is kept, and then `success` is answered', async (kind, path) => {
    const { url, kept, reports } = await receiving();
    const at = NOON - 5000;
    expect(await post(url + path, seal(kind, ticketMessage(kind, TICKET, at)))).toEqual(SUCCESS);
    expect(kept).toEqual([{ value: TICKET, createdAt: at, receivedAt: NOON }]);
    expect(reports).toEqual([
      {
        verdict: 'ticket',
        credential: kind === 'component' ? 'platform' : 'suite',
        id: kind === 'component' ? COMPONENT : SUITE,
        dialect: kind === 'component' ? 'open-platform' : 'work-weixin',
        infoType: kind === 'component' ? 'component_verify_ticket' : 'suite_ticket',
        age: 5000,
      },
    ]);
  });

  it('nothing is answered before the ticket is durable', async () => {
    let finish = () => {};
    const written = new Promise<'kept'>((resolve) => {
      finish = () => resolve('kept');
    });
    let asked = false;
    const { url } = await receiving({
      put: () => {
        asked = true;
        return written;
      },
    });
    let answered = false;
    const answer = post(`${url}/wx/platform`, seal('component', ticketMessage('component', TICKET))).then(
      (came) => {
        answered = true;
        return came;
      },
    );
    await eventually(() => asked, { for: 'the ticket to be written' });
    expect(answered).toBe(false);
    finish();
    expect(await answer).toEqual(SUCCESS);
  });

  it('a ticket that cannot be written is answered 500, so that the platform sees the failure', async () => {
    const { url, reports } = await receiving({
      put: () => Promise.reject(new Error('cannot write /state/x: no space is left')),
    });
    const answer = await post(`${url}/wx/platform`, seal('component', ticketMessage('component', TICKET)));
    expect(answer).toEqual({ status: 500, text: '' });
    expect(reports).toMatchObject([
      { verdict: 'failed', problem: 'cannot write /state/x: no space is left' },
    ]);
  });

  it.each([
    ['component', 12 * HOUR],
    ['suite', HOUR / 2],
  ] as const)(
    'a ticket of a %s that cannot work any more is refused, and so is one of another time',
    async (kind, life) => {
      const { url, kept, verdicts } = await receiving();
      const push = (at: number) =>
        post(
          `${url}/wx/${kind === 'component' ? 'platform' : 'suite'}`,
          seal(kind, ticketMessage(kind, TICKET, at)),
        );
      expect(await push(NOON - life)).toEqual(REFUSED);
      expect(await push(NOON + 601_000)).toEqual(REFUSED);
      expect(kept).toEqual([]);
      expect(await push(NOON - life + 1000)).toEqual(SUCCESS);
      expect(await push(NOON + 600_000)).toEqual(SUCCESS);
      expect(verdicts()).toEqual(['stale', 'stale', 'ticket', 'ticket']);
    },
  );

  it('a ticket of an earlier push than the one that is kept changes nothing and is told as older', async () => {
    const { url, kept, verdicts } = await receiving({ put: async () => 'older' });
    const answer = await post(`${url}/wx/platform`, seal('component', ticketMessage('component', TICKET)));
    expect(answer).toEqual(SUCCESS);
    expect([kept, verdicts()]).toEqual([[], ['older']]);
  });

  it('a push under the key before works, one under another key does not', async () => {
    const { url, kept } = await receiving();
    const push = (key: string) =>
      post(`${url}/wx/platform`, seal('component', ticketMessage('component', TICKET), { key }));
    expect(await push(OLD_KEY)).toEqual(SUCCESS);
    expect(await push('A'.repeat(43))).toEqual(REFUSED);
    expect(kept).toHaveLength(1);
  });

  it('messages of every length are read, whatever their padding', async () => {
    const { url, kept } = await receiving();
    for (let extra = 0; extra < 32; extra += 1) {
      const ticket = `${TICKET}${'x'.repeat(extra)}`;
      const sealed = seal('component', ticketMessage('component', ticket));
      expect(await post(`${url}/wx/platform`, sealed), ticket).toEqual(SUCCESS);
    }
    expect(kept.map(({ value }) => value.length)).toEqual(
      Array.from({ length: 32 }, (_, extra) => TICKET.length + extra),
    );
  });
});

describe('pushes that are not to be believed', () => {
  const message = ticketMessage('component', TICKET);

  it.each([
    ['with another token', 'signature', seal('component', message, { token: 'wrong' })],
    ['with another key', 'decryption', seal('component', message, { key: KEY.toUpperCase() })],
    [
      'encrypted for somebody else',
      'content',
      seal('component', message, { receiver: 'wx9999999999999999' }),
    ],
    [
      'that names another AppID inside',
      'content',
      seal('component', ticketMessage('component', TICKET, NOON, 'wx9999999999999999')),
    ],
    ['without a ticket', 'content', seal('component', ticketMessage('component', ''))],
    ['with a ticket of blanks', 'content', seal('component', ticketMessage('component', 'a b'))],
    ['whose message is no XML', 'content', seal('component', 'hello')],
    ['whose message has a DOCTYPE', 'content', seal('component', `<!DOCTYPE xml>${message}`)],
  ])(
    'a push %s is refused with an empty body, and the answers do not differ; the operator is told why: %s',
    async (_, refusal, sealed) => {
      const { url, kept, reports } = await receiving();
      expect(await post(`${url}/wx/platform`, sealed)).toEqual(REFUSED);
      expect(kept).toEqual([]);
      expect(reports).toEqual([
        { verdict: 'refused', credential: 'platform', id: COMPONENT, dialect: 'open-platform', refusal },
      ]);
    },
  );

  it('a push whose body was exchanged, whose signature is missing, or given twice, is refused', async () => {
    const { url, kept } = await receiving();
    const one = seal('component', message);
    const other = seal('component', ticketMessage('component', `${TICKET}-other`), { nonce: '43' });
    const push = (query: string, body = one.body) => post(`${url}/wx/platform`, { query, body });
    expect(await push(one.query, other.body)).toEqual(REFUSED);
    expect(await push('')).toEqual(REFUSED);
    expect(await push(`${one.query}&${one.query}`)).toEqual(REFUSED);
    expect(await push(one.query.replace('msg_signature', 'signature'))).toEqual(REFUSED);
    expect(await push(one.query, '<xml></xml>')).toEqual(REFUSED);
    expect(kept).toEqual([]);
    expect(await push(one.query)).toEqual(SUCCESS);
  });

  it('a push for an account that is not served is answered `success`, and dropped', async () => {
    const { url, kept, reports } = await receiving();
    const id = 'wx9999999999999999';
    expect(await post(`${url}/wx/platform`, seal('component', message, { id }))).toEqual(SUCCESS);
    expect(await post(`${url}/wx/platform`, seal('suite', message))).toEqual(SUCCESS);
    expect(kept).toEqual([]);
    expect(reports).toEqual([
      { verdict: 'unknown-account', id },
      { verdict: 'unknown-account', id: SUITE },
    ]);
  });

  it('two components at one path each get their own tickets', async () => {
    const other = 'wx2222222222222222';
    const { url, reports } = await receiving({
      suite: { credential: 'test', recipient: { dialect: 'open-platform', id: other }, path: '/wx/platform' },
    });
    for (const id of [other, COMPONENT]) {
      const sealed = seal('component', ticketMessage('component', TICKET, NOON, id), { id });
      expect(await post(`${url}/wx/platform`, sealed)).toEqual(SUCCESS);
    }
    expect(reports.map(({ credential }) => credential)).toEqual(['test', 'platform']);
  });

  it('keys that cannot be read are answered 500 and told', async () => {
    const { url, reports } = await receiving({
      component: { keys: () => Promise.reject(new Error('the secret file /k is not there')) },
    });
    expect(await post(`${url}/wx/platform`, seal('component', message))).toEqual({ status: 500, text: '' });
    expect(reports).toMatchObject([{ verdict: 'failed', problem: 'the secret file /k is not there' }]);
  });
});

describe('requests to the receiver', () => {
  it('only the exact path exists, and only by the methods that the platform uses', async () => {
    const { url } = await receiving();
    const statusOf = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).status;
    const paths = [
      '/',
      '/wx',
      '/wx/platform/',
      '/wx//platform',
      '/WX/platform',
      '/wx/platform/x',
      '/metrics',
    ];
    for (const path of paths) expect(await statusOf(path, { method: 'POST' }), path).toBe(404);
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      expect(await statusOf('/wx/platform', { method }), method).toBe(405);
    }
    const refused = await fetch(`${url}/wx/suite`, { method: 'PUT' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  it('a push for a path that is not configured is told of, and what nobody has signed is not', async () => {
    const { url, reports } = await receiving();
    const sealed = seal('component', ticketMessage('component', 'ticket@@@a'));
    expect((await post(`${url}/wx/plattform`, sealed)).status).toBe(404);
    await fetch(`${url}/wx/plattform?signature=1`, { method: 'POST' });
    expect(reports).toEqual([{ verdict: 'unknown-path', path: '/wx/plattform' }]);
  });

  it('a body of more than 64 KB is answered 413, whether its length was told or not', async () => {
    const { url } = await receiving();
    const body = 'x'.repeat(65_537);
    const told = await fetch(`${url}/wx/platform`, { method: 'POST', body });
    expect(told.status).toBe(413);
    const untold = await fetch(`${url}/wx/platform`, {
      method: 'POST',
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(untold.status).toBe(413);
    const most = await fetch(`${url}/wx/platform`, { method: 'POST', body: body.slice(1) });
    expect(most.status).toBe(403);
  });
});

describe('the check of the URL by WeCom', () => {
  const check = async (url: string, sealed: { query: string; body: string }) => {
    const [, echo = ''] = /<Encrypt><!\[CDATA\[(.*)\]\]>/.exec(sealed.body) ?? [];
    const response = await fetch(`${url}?${sealed.query}&echostr=${encodeURIComponent(echo)}`);
    return { status: response.status, text: await response.text() };
  };

  it('it is answered with the plain text alone, when it is encrypted for the provider', async () => {
    const { url, reports } = await receiving();
    const answer = await check(
      `${url}/wx/suite`,
      seal('suite', '1616140317555161061', { receiver: PROVIDER }),
    );
    expect(answer).toEqual({ status: 200, text: '1616140317555161061' });
    expect(reports).toEqual([{ verdict: 'check', credential: 'suite', id: SUITE, dialect: 'work-weixin' }]);
  });

  it('it is refused when it is encrypted for somebody else, or not signed', async () => {
    const { url, reports } = await receiving();
    expect(await check(`${url}/wx/suite`, seal('suite', '1', { receiver: SUITE }))).toEqual(REFUSED);
    expect(await check(`${url}/wx/suite`, seal('suite', '1', { receiver: PROVIDER, token: 'x' }))).toEqual(
      REFUSED,
    );
    expect(await check(`${url}/wx/suite`, { query: '', body: '' })).toEqual(REFUSED);
    expect(reports.map(({ credential, refusal }) => [credential, refusal])).toEqual([
      ['suite', 'content'],
      ['suite', 'signature'],
      [undefined, undefined],
    ]);
  });

  it('without the corpid of the provider whoever it is encrypted for is accepted', async () => {
    const { url } = await receiving({ suite: { recipient: { dialect: 'work-weixin', id: SUITE } } });
    expect(await check(`${url}/wx/suite`, seal('suite', '1', { receiver: 'any' }))).toEqual({
      status: 200,
      text: '1',
    });
  });
});

/** An app that answers with this status, and what it was sent. */
async function app(status: number | 'never') {
  const seen: { url: string; body: string; type: string }[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    seen.push({ url: request.url ?? '', body, type: request.headers['content-type'] ?? '' });
    if (status !== 'never') response.writeHead(status).end('success');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { seen, url: new URL(`http://127.0.0.1:${port}/wx/events?from=sidecar`) };
}

describe('events', () => {
  it.each(['authorized', 'updateauthorized', 'unauthorized'])(
    '%s is answered, and then hinted at',
    async (infoType) => {
      const { url, events, verdicts } = await receiving();
      const message = eventMessage(infoType, [['AuthorizerAppid', SHOP]]);
      expect(await post(`${url}/wx/platform`, seal('component', message))).toEqual(SUCCESS);
      await eventually(() => events.length === 1, { for: 'the hint' });
      expect(events).toEqual([{ type: 'event', infoType, createdAt: NOON, subject: SHOP }]);
      expect(verdicts()).toEqual(['event']);
    },
  );

  it('a mini program that was registered is an authorisation with a code, and a registration that failed is none', async () => {
    const { url, events, verdicts } = await receiving();
    const registration = (status: string) =>
      eventMessage('notify_third_fasteregister', [
        ['appid', SHOP],
        ['status', status],
        ['auth_code', 'queryauthcode@@@y'],
        ['msg', 'OK'],
      ]).replace('</xml>', '<info><name><![CDATA[shop]]></name></info></xml>');
    expect(await post(`${url}/wx/platform`, seal('component', registration('0')))).toEqual(SUCCESS);
    expect(await post(`${url}/wx/platform`, seal('component', registration('89251')))).toEqual(SUCCESS);
    await eventually(() => events.length === 1, { for: 'the hint' });
    expect(events).toMatchObject([{ subject: SHOP, code: 'queryauthcode@@@y' }]);
    expect(verdicts()).toEqual(['event', 'ignored']);
  });

  it('the code of an authorisation is passed on with the hint, and is in no report', async () => {
    const { url, events, reports } = await receiving();
    await post(`${url}/wx/platform`, seal('component', AUTHORIZED));
    await eventually(() => events.length === 1, { for: 'the hint' });
    expect(events[0]?.code).toBe('queryauthcode@@@x');
    expect(JSON.stringify(reports)).not.toContain('queryauthcode');
  });

  it('a code that is exchanged here is kept before `success` is answered, and a push whose code is not kept fails', async () => {
    const order: string[] = [];
    let keep: () => void = () => {};
    const codes = {
      async put({ mark, subject, value, receivedAt }: PushedCode) {
        await new Promise<void>((resolve) => {
          keep = resolve;
        });
        order.push(`kept ${value?.reveal()} of ${subject} ${mark.length} ${receivedAt === NOON}`);
        return 'kept' as const;
      },
    };
    const { url } = await receiving({ component: { codes } });
    const answered = post(`${url}/wx/platform`, seal('component', AUTHORIZED)).then((answer) => {
      order.push('answered');
      return answer;
    });
    await eventually(() => {
      keep();
      return order.length > 0;
    });
    expect(await answered).toEqual(SUCCESS);
    expect(order).toEqual([`kept queryauthcode@@@x of ${SHOP} 64 true`, 'answered']);

    const failing = { put: async () => Promise.reject(new Error('no space is left')) };
    const full = await receiving({ component: { codes: failing } });
    expect((await post(`${full.url}/wx/platform`, seal('component', AUTHORIZED))).status).toBe(500);
    expect(full.reports).toMatchObject([{ verdict: 'failed', problem: 'no space is left' }]);
    expect(full.events).toEqual([]);
  });

  it('the code of a suite is kept without an account: which corp it is, the exchange tells', async () => {
    const kept: PushedCode[] = [];
    const codes = {
      async put(code: PushedCode) {
        kept.push(code);
        return 'kept' as const;
      },
    };
    const { url, reports } = await receiving({ suite: { codes } });
    for (const infoType of ['create_auth', 'reset_permanent_code']) {
      const message = noticeText({
        ...{ receiver: { kind: 'suite', id: SUITE }, infoType, at: NOON },
        fields: [['AuthCode', `code of ${infoType}`]],
      });
      expect(await post(`${url}/wx/suite`, seal('suite', message))).toEqual(SUCCESS);
    }
    expect(kept.map(({ value }) => value?.reveal())).toEqual([
      'code of create_auth',
      'code of reset_permanent_code',
    ]);
    expect(kept.map(({ subject }) => subject)).toEqual([undefined, undefined]);
    expect(reports.map(({ isLeft }) => isLeft)).toEqual([undefined, undefined]);
    expect(JSON.stringify(reports)).not.toContain('code of');
  });

  it('a code that was recorded half an hour ago is not kept: the push is a hint and no more', async () => {
    const kept: unknown[] = [];
    const codes = {
      async put(code: PushedCode) {
        kept.push(code);
        return 'kept' as const;
      },
    };
    const { url, events } = await receiving({ now: () => NOON + 30 * 60_000, component: { codes } });
    expect(await post(`${url}/wx/platform`, seal('component', AUTHORIZED))).toEqual(SUCCESS);
    await eventually(() => events.length === 1, { for: 'the hint' });
    expect(kept).toEqual([]);
  });

  it('a code that nobody exchanges by himself is told apart', async () => {
    const { url, reports } = await receiving();
    await post(`${url}/wx/platform`, seal('component', AUTHORIZED));
    await post(
      `${url}/wx/platform`,
      seal('component', eventMessage('unauthorized', [['AuthorizerAppid', SHOP]])),
    );
    expect(reports.map(({ isLeft }) => isLeft)).toEqual([true, undefined]);
  });

  it('an unknown type is answered `success`, counted and dropped, however deep it is', async () => {
    const { url, events, reports } = await receiving();
    const message = eventMessage('notify_third_fasteregister').replace(
      '</xml>',
      '<info><name>x</name><code>1</code></info></xml>',
    );
    expect(await post(`${url}/wx/platform`, seal('component', message))).toEqual(SUCCESS);
    expect(events).toEqual([]);
    expect(reports).toMatchObject([{ verdict: 'ignored', infoType: 'notify_third_fasteregister' }]);
  });

  it('with an app to forward to, it gets every event as it came, and no ticket', async () => {
    const { seen, url: forward } = await app(200);
    const { url, events, verdicts } = await receiving({ component: { forward } });
    const sealed = seal('component', AUTHORIZED);
    expect(await post(`${url}/wx/platform`, sealed)).toEqual(SUCCESS);
    await post(`${url}/wx/platform`, seal('component', eventMessage('another_type')));
    await post(`${url}/wx/platform`, seal('component', ticketMessage('component', TICKET)));
    expect(seen).toHaveLength(2);
    expect(seen[0]).toEqual({
      url: `/wx/events?from=sidecar&${sealed.query}`,
      body: sealed.body,
      type: 'text/xml',
    });
    expect(events).toHaveLength(1);
    expect(verdicts()).toEqual(['event', 'ignored', 'ticket']);
  });

  it.each([
    ['says no', async () => (await app(503)).url, 'it answered with status 503'],
    [
      'is not there',
      async () => new URL(`http://127.0.0.1:${await freePort()}/x`),
      'it cannot be reached (ECONNREFUSED)',
    ],
    ['does not answer', async () => (await app('never')).url, 'it took too long'],
  ])(
    'an app that %s makes the platform see a failure, and the hint is taken all the same',
    async (_, to, problem) => {
      const { url, events, reports } = await receiving({
        component: { forward: await to() },
        forwardPatience: 300,
      });
      const answer = await post(`${url}/wx/platform`, seal('component', AUTHORIZED));
      expect(answer).toEqual({ status: 502, text: '' });
      await eventually(() => events.length === 1, { for: 'the hint' });
      expect(reports[0]?.verdict).toBe('failed');
      expect(reports[0]?.problem).toContain(problem);
    },
  );

  it('the keys are read anew for each push', async () => {
    let token = 'wrong';
    const { url } = await receiving({
      component: { keys: async () => ({ token: new Secret(token), encodingAesKey: new Secret(KEY) }) },
    });
    const sealed = seal('component', ticketMessage('component', TICKET));
    expect(await post(`${url}/wx/platform`, sealed)).toEqual(REFUSED);
    token = TOKEN;
    expect(await post(`${url}/wx/platform`, sealed)).toEqual(SUCCESS);
  });
});

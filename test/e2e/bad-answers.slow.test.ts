import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/sandbox/index.ts';
import { startRestlessReader } from '../support/restless-reader.ts';
import { eventually } from '../support/wait.ts';
import { ENDPOINT, sha256, TYPES, type Type, type Workbench, workbench } from './workbench.ts';

/** Of the right shape, and never handed out by the sandbox: it must not be found in any file. */
const MADE_UP = `99_${'A'.repeat(133)}`;

/** Answers that look like success, with something wrong with them. */
const ODD_BODIES: Readonly<Record<string, string>> = {
  'an empty object': '{}',
  null: 'null',
  'a list': `["${MADE_UP}", 7200]`,
  'half an object': `{"access_token":"${MADE_UP}","expi`,
  'no token': '{"expires_in":7200}',
  'an empty token': '{"access_token":"","expires_in":7200}',
  'a token that is undefined': '{"access_token":"undefined","expires_in":7200}',
  'a token that is null': '{"access_token":null,"expires_in":7200}',
  'a token that is a number': '{"access_token":12345678901234567890,"expires_in":7200}',
  'a short token': '{"access_token":"99_AAAAAAAAAAAA","expires_in":7200}',
  'an enormous token': `{"access_token":"${'A'.repeat(5000)}","expires_in":7200}`,
  'a quote in the token': JSON.stringify({ access_token: `${MADE_UP}"'`, expires_in: 7200 }),
  'a newline in the token': JSON.stringify({ access_token: `${MADE_UP}\n`, expires_in: 7200 }),
  'a blank in the token': JSON.stringify({ access_token: `99 ${MADE_UP}`, expires_in: 7200 }),
  'markup in the token': JSON.stringify({ access_token: `<b>${MADE_UP}</b>`, expires_in: 7200 }),
  'no expires_in': `{"access_token":"${MADE_UP}"}`,
  'an expires_in of 0': `{"access_token":"${MADE_UP}","expires_in":0}`,
  'a negative expires_in': `{"access_token":"${MADE_UP}","expires_in":-7200}`,
  'a fantastic expires_in': `{"access_token":"${MADE_UP}","expires_in":1000000000}`,
  'an expires_in in words': `{"access_token":"${MADE_UP}","expires_in":"two hours"}`,
  'a token beside an errcode': `{"access_token":"${MADE_UP}","expires_in":7200,"errcode":40001,"errmsg":"no"}`,
};

/** The ways in which an answer can go wrong, the last of a list being the one that the journal names. */
const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  ...Object.fromEntries(
    Object.entries(ODD_BODIES).map(([name, body]) => [name, [{ kind: 'body', body }] as const]),
  ),
  'nothing at all': [{ kind: 'empty' }],
  'a login page': [{ kind: 'html' }],
  'HTTP 412': [{ kind: 'status', status: 412 }],
  'HTTP 500': [{ kind: 'status', status: 500 }],
  'HTTP 502 and a page': [{ kind: 'status', status: 502 }],
  'an answer that is older than its token lives': [
    { kind: 'latency', ms: 1_500 },
    { kind: 'body', body: `{"access_token":"${MADE_UP}","expires_in":1}` },
  ],
  'a cut connection': [{ kind: 'cut' }],
  'a lost answer': [{ kind: 'lost-answer' }],
  'half an answer': [{ kind: 'partial' }],
  'no answer': [{ kind: 'hang' }],
  'errcode -1': [{ kind: 'errcode', errcode: -1 }],
  'errcode 40001': [{ kind: 'errcode', errcode: 40001 }],
  'errcode 45009': [{ kind: 'errcode', errcode: 45009 }],
  'an errcode that nobody knows': [{ kind: 'errcode', errcode: 987654 }],
};

/** The platform has a new token for every call, and the daemon a token that is due for rotation all the time. */
const RULES = { rotationWindow: 7_199.999 };
const ALWAYS_DUE = { WXTOKEN_ROTATION_WINDOW: '3h', WXTOKEN_AHEAD: '3h' };

describe.concurrent('G4: bad answers while a good token is published', () => {
  it.for(TYPES)(
    'the published %s survives every bad answer and is replaced by the next good one',
    async (type, { onTestFinished }) => {
      // After a replacement readers of an access-token get a minute, of so short a life a tenth.
      const rules = type === 'access-token' ? { tokenTtl: 20 } : RULES;
      const bench = await workbench(onTestFinished, rules);
      const daemon = bench.run({ WXTOKEN_TYPE: type, ...ALWAYS_DUE });
      await bench.newToken();
      const reader = startRestlessReader({ file: bench.file }, onTestFinished);

      for (const [name, faults] of Object.entries(FAULTS)) {
        const good = await suffer(bench, type, faults, () => daemon.signal('SIGHUP'));
        expect(await bench.token(), `after ${name}`).toBe(good);
        await bench.sandbox.clearFaults();
        daemon.signal('SIGHUP');
        await bench.newToken(good);
      }

      const { values, bad } = await reader.stop();
      expect(bad).toEqual([]);
      // On a busy machine it may sleep through some; it must have seen most of what came between the faults.
      expect(values.length).toBeGreaterThan(Object.keys(FAULTS).length / 2);
      // Whatever was readable at any moment came whole from a good answer.
      expect(await honest(bench)).toEqual(expect.arrayContaining(values.map(sha256)));
    },
  );

  it.for(TYPES)(
    'an endless answer for the %s is cut off and leaves the published token',
    async (type, { onTestFinished }) => {
      const bench = await workbench(onTestFinished, RULES);
      const daemon = bench.run({ WXTOKEN_TYPE: type, ...ALWAYS_DUE });
      await bench.newToken();
      const good = await suffer(bench, type, [{ kind: 'endless' }], () => daemon.signal('SIGHUP'));
      await daemon.logged(({ code }) => code === 'too-large');

      expect(await bench.token()).toBe(good);
    },
  );

  it.for(TYPES)(
    'a redirect of the %s fetch is not followed and leaves the published token',
    async (type, { onTestFinished }) => {
      const bench = await workbench(onTestFinished, RULES);
      const elsewhere = await workbench(onTestFinished);
      const daemon = bench.run({ WXTOKEN_TYPE: type, ...ALWAYS_DUE });
      await bench.newToken();
      const location = `${elsewhere.sandbox.url}${ENDPOINT[type]}`;
      const good = await suffer(bench, type, [{ kind: 'redirect', location }], () => daemon.signal('SIGHUP'));
      const line = await daemon.logged(({ code }) => code === 'http-302');

      expect(line.message).toContain(elsewhere.sandbox.url);
      expect(await elsewhere.sandbox.journal()).toEqual([]);
      expect(await bench.token()).toBe(good);
    },
  );
});

describe.concurrent('unusual but valid answers', () => {
  it.for(TYPES)(
    'an answer for the %s with expires_in as a string of digits is accepted',
    async (type, { onTestFinished }) => {
      const { sandbox, file, once, token } = await workbench(onTestFinished);
      const body = `{"access_token":"${MADE_UP}","expires_in":"12"}`;
      await sandbox.faults([{ kind: 'body', body, path: ENDPOINT[type] }]);

      expect((await once({ WXTOKEN_TYPE: type })).code).toBe(0);
      expect(await token()).toBe(MADE_UP);
      expect(JSON.parse(await readFile(`${file}.json`, 'utf8'))).toMatchObject({ expires_in: 12 });
    },
  );

  it('a JSON answer with the content type text/plain is accepted', async ({ onTestFinished }) => {
    const { sandbox, once, token } = await workbench(onTestFinished);
    const body = `{"access_token":"${MADE_UP}","expires_in":7200}`;
    await sandbox.faults([{ kind: 'body', body, contentType: 'text/plain' }]);

    expect((await once()).code).toBe(0);
    expect(await token()).toBe(MADE_UP);
  });
});

/**
 * Lets one fetch meet the faults, from now until they are cleared.
 * @returns the token that was published just before
 */
async function suffer(
  bench: Workbench,
  type: Type,
  faults: readonly Fault[],
  refresh: () => void,
): Promise<string> {
  const { sandbox, token, fetches } = bench;
  await sandbox.faults(faults.map((fault) => ({ ...fault, path: ENDPOINT[type] })));
  // From here on no good answer leaves the platform; the last one may still be on its way into the file.
  const before = (await fetches()).length;
  const newest = (await honest(bench)).at(-1);
  const good = await eventually(
    async () => {
      const value = await token();
      return value !== undefined && sha256(value) === newest && value;
    },
    { for: 'the newest token' },
  );
  refresh();
  const kind = faults.at(-1)?.kind;
  await eventually(async () => (await fetches()).slice(before).some(({ outcome }) => outcome === kind), {
    for: `a fetch that meets ${kind}`,
  });
  return good;
}

/** What the platform says it has handed out in whole, good answers. */
async function honest({ fetches }: Workbench): Promise<(string | null)[]> {
  return (await fetches())
    .filter(({ outcome }) => outcome === 'answered')
    .map(({ tokenSha256 }) => tokenSha256);
}

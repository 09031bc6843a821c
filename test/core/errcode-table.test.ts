import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FAMILIES, isKnownErrcode, platformFailure } from '../../src/core/errcodes/index.ts';
import type { ErrcodeRule } from '../../src/core/errcodes/rule.ts';
import { LANGUAGES } from '../../src/core/text.ts';
import { SECOND } from '../../src/core/time.ts';

/**
 * What every code means, waits and advises, as people are told: a change of a rule is a change of a line here.
 * `UPDATE=1 npx vitest run test/core/errcode-table.test.ts` prints the table as it is now.
 */
const TABLE = new URL('./errcode-table.txt', import.meta.url);

function lineOf(where: string, rule: ErrcodeRule) {
  const { class: kind, backoff, meaning, advice, token, secret, pushedTicket, authorisation } = rule;
  const { first, growth, cap, jitter } = backoff;
  const waits = `${first / SECOND}s x${growth} <=${cap / SECOND}s ${jitter}`;
  const gone = authorisation ? `, authorisation ${authorisation}` : '';
  const blamed = pushedTicket ? `pushed ticket ${pushedTicket}` : `secret ${secret ?? 'trusted'}${gone}`;
  const said = LANGUAGES.flatMap((language) => [meaning[language], advice?.[language] ?? '-']);
  return [where, kind, waits, `token ${token}`, blamed, ...said].join(' | ');
}

function table(): string {
  // A family that goes by the rules of another one repeats the very same rules.
  const told = new Map<ErrcodeRule, string>();
  const lines = Object.entries(FAMILIES).flatMap(([family, { unknown, ...endpoints }]) => [
    ...Object.entries(endpoints).flatMap(([endpoint, rules]) =>
      Object.entries(rules)
        .filter(([, rule]) => {
          const of = told.get(rule) ?? family;
          told.set(rule, of);
          return of === family;
        })
        .map(([code, rule]) => lineOf(`${family} ${endpoint} ${code}`, rule)),
    ),
    lineOf(`${family} unknown`, unknown),
  ]);
  return `${lines.join('\n')}\n`;
}

describe('error code table', () => {
  it('every error code matches its line in errcode-table.txt', async () => {
    const now = table();
    if (process.env['UPDATE']) process.stdout.write(now);
    expect(now.split('\n')).toEqual((await readFile(TABLE, 'utf8')).split('\n'));
  });

  it('every meaning and every advice is told in Chinese as well', () => {
    const texts = Object.values(FAMILIES).flatMap(({ unknown, ...endpoints }) =>
      [unknown, ...Object.values(endpoints).flatMap(Object.values<ErrcodeRule>)].flatMap(
        ({ meaning, advice }) => [meaning, ...(advice ? [advice] : [])],
      ),
    );
    expect(texts.length).toBeGreaterThan(300);
    for (const { en, zh } of texts) {
      expect(zh, en).toMatch(/\p{Script=Han}/u);
      expect(zh, en).not.toBe(en);
      const parts = (text: string) => text.match(/\{\w+\}|`[^`]+`/g)?.sort();
      expect(parts(zh), en).toEqual(parts(en));
    }
  });

  it('an error code is known if and only if a table lists it', () => {
    for (const { unknown: _, ...endpoints } of Object.values(FAMILIES)) {
      for (const code of Object.values(endpoints).flatMap((rules) => Object.keys(rules)))
        expect(isKnownErrcode(Number(code)), code).toBe(true);
    }
    for (const code of [0, 1, 99_999, -2, 40_000.5]) expect(isKnownErrcode(code), String(code)).toBe(false);
  });

  it.each([
    ['ticket', 40_001, { blamesToken: 'certainly' }],
    ['ticket', 45_009, {}],
    ['token', 40_001, { blamesSecret: true }],
    ['token', 40_125, { blamesSecret: true }],
    ['token', 40_164, {}],
  ] as const)(
    'the %s endpoint blames the right credential, if any, for errcode %i',
    (endpoint, errcode, blames) => {
      const failure = platformFailure('official', endpoint, { errcode, errmsg: '' });
      const { blamesToken, blamesSecret } = failure;
      expect({ ...(blamesToken && { blamesToken }), ...(blamesSecret && { blamesSecret }) }).toEqual(blames);
    },
  );
});

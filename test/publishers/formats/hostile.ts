import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import type { Subject } from '../../../src/codec/details.ts';
import type { Token } from '../../../src/core/credential.ts';
import { aToken } from '../token.ts';

/** A token or ticket to publish, and whose it is. */
export interface Case {
  readonly value: string;
  readonly token: Token;
  readonly subject: Subject & { readonly kind: keyof typeof FIELDS };
}

/** The kinds, and the field of the details that holds the value. */
const FIELDS = {
  token: 'access_token',
  jsapi: 'ticket',
  wx_card: 'ticket',
  corp_jsapi: 'ticket',
  agent_config: 'ticket',
} as const;

/** What means something to a shell, PHP, Java, JSON, an encoding or a careless writer. */
const FRAGMENTS = [
  ...'\'"`\\$(){}[]<>?;&|*~%=:#!,@ \t\n\r\f\v\0\b\x01\x1b\x7f\x81\x85\xa0\u2028\u2029\ufeff\ufffd微é🔑a0',
  ...['\r\n', '\\n', '\\u', '\\u0041', '\\x41', '\\101', 'u0041', 'x41', '\\\\', "\\'", '\\"', "'\\''"],
  ...['${', '$(', '{$', '{$x}', '?>', '<?', '<?=', '<?php ', '/*', '*/', '//', '#!', '__halt_compiler();'],
  '\naccess_token=another',
  '","access_token":"another',
  "\nWX_ACCESS_TOKEN='another'\n",
  '\nexit 3\n',
  "'; exit 3; '",
];

/** Each leaves a file where the reader runs, once it is taken for code. */
const TRACES = [
  '$(touch trace)',
  '`touch trace`',
  "'; touch trace; '",
  '"; touch trace; "',
  '\ntouch trace\n',
  "'.touch('trace').'",
  '".touch("trace")."',
  "{$x[touch('trace')]}",
  "?><?php touch('trace'); ?>",
];

const FIXED = [...FRAGMENTS, ...TRACES];

const text = fc
  .array(fc.oneof(fc.constantFrom(...FIXED), fc.string({ unit: 'binary', minLength: 1, maxLength: 3 })), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));

const kinds = fc.constantFrom('token', 'jsapi', 'wx_card', 'corp_jsapi', 'agent_config');
const lives = fc.oneof(
  fc.integer({ min: 1, max: 86_400 }),
  fc.double({ min: 1e-9, max: 86_400, noNaN: true }),
);
const epochs = fc.integer({ min: 0, max: 2 ** 43 });

const cases = fc.record({ value: text, name: text, appId: text, kind: kinds, life: lives, issuedAt: epochs });

/** Every fragment alone and amid letters, then 200 random ones: the seed says them all again. */
export function hostileCases(): { readonly seed: number; readonly all: readonly Case[] } {
  const seed = randomInt(2 ** 31);
  const fixed = ['', ...FIXED, ...FIXED.map((fragment) => `a${fragment}a`)].map((value) => ({
    value,
    name: value,
    appId: value,
    kind: 'token' as const,
    life: 7200,
    issuedAt: 0,
  }));
  const all = [...fixed, ...fc.sample(cases, { numRuns: 200, seed })].map(
    ({ value, name, appId, kind, life, issuedAt }) => ({
      value,
      token: aToken(value, { expiresIn: life, issuedAt, expiresAt: issuedAt + life * 1000 }),
      subject: { name, appId, kind, type: 'stable-token' as const },
    }),
  );
  return { seed, all };
}

/** What a reader of the details must find. */
export function expectedDetails({ value, token, subject }: Case): Record<string, string | number> {
  return {
    name: subject.name,
    type: subject.kind === 'token' ? subject.type : subject.kind,
    app_id: subject.appId,
    [FIELDS[subject.kind]]: value,
    expires_in: token.expiresIn,
    issued_at: Math.floor(token.issuedAt / 1000),
    expires_at: Math.floor(token.expiresAt / 1000),
  };
}

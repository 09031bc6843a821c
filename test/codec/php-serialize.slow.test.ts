import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { phpJsonString, phpSerialize } from '../../src/codec/php-serialize.ts';
import { needsTool, runTool } from '../support/tools.ts';

/** Prints what PHP makes of each line of its input, base64 both. */
const SCRIPT =
  'while (($line = fgets(STDIN)) !== false) { $text = base64_decode(trim($line)); ' +
  'echo base64_encode(serialize($text)), " ", base64_encode(json_encode($text)), "\\n"; }';

it('PHP serializes and encodes every string as is written here', async (ctx) => {
  await needsTool(ctx.skip, 'php');
  const seed = randomInt(2 ** 31);
  const texts = [
    '',
    '/',
    '"\\',
    '微信🔑',
    '\x7f\u2028',
    ...fc.sample(fc.string({ unit: 'binary' }), { numRuns: 500, seed }),
  ];
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const input = texts.map((text) => `${base64(text)}\n`).join('');
  const { code, output } = await runTool(ctx, 'php', ['-n', '-r', SCRIPT], input);
  expect(code).toBe(0);
  const expected = texts.map((text) => `${base64(phpSerialize(text))} ${base64(phpJsonString(text))}`);
  expect(output.trimEnd().split('\n'), `seed ${seed}`).toEqual(expected);
});

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

const require = createRequire(import.meta.url);

it("what undici's client asks of its parser's constants is in the bundle, with the values of the package", async () => {
  const client = await readFile(require.resolve('undici/lib/dispatcher/client-h1.js'), 'utf8');
  const names = new Set([...client.matchAll(/\bconstants\.(\w+)(?:\.(\w+))?/g)].map(([name]) => name));
  expect(names).toContain('constants.TYPE.RESPONSE');
  const ours = require('../../build/instead/llhttp-constants.cjs');
  const whole = require('undici/lib/llhttp/constants.js');
  for (const name of names) {
    const [, table = '', key = ''] = name.split('.');
    // `constants.ERROR[code]` gives nothing with the package either, whose keys are names.
    if (key !== '') expect(ours[table][key], name).toBe(whole[table][key]);
  }
});

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Answers } from '../../src/setup/answers.ts';
import { configText } from '../../src/setup/config-text.ts';

const ANSWERS: Omit<Answers, 'appId' | 'name'> = {
  ...{ reader: 'systemd', type: 'qq-bot', language: 'en' },
  ...{ file: '/run/wx/token', secretFile: '/etc/wx-token/default' },
};

/** Each is a valid name or id, and most mean something else to YAML where they stand without quotes. */
const WORDS = [
  '102000001',
  '0102',
  '0x10',
  '1e3',
  '1-2',
  '12e03',
  'yes',
  'no',
  'null',
  'true',
  'y',
  'shop',
  'a-1',
];

describe('the configuration that init writes', () => {
  it.for(WORDS)('%s is read back as the text that was given', (word) => {
    const text = configText({ ...ANSWERS, appId: word, name: word });
    for (const version of ['1.1', '1.2'] as const) {
      expect(parse(text, { version }).credentials[0]).toMatchObject({ appId: word, name: word });
    }
  });

  it('a name and an id that can only be text have no quotes', () => {
    const text = configText({ ...ANSWERS, appId: 'wx0000000000000000', name: 'shop' });
    expect(text).toMatch(/name: shop$/m);
    expect(text).toMatch(/appId: wx0000000000000000$/m);
  });
});

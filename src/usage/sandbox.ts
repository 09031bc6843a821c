import type { SandboxOption } from '../sandbox/arguments.ts';
import { type CommandForm, DURATION, type OptionForm } from './form.ts';

const OPTIONS = {
  listen: {
    type: 'string',
    value: { name: 'HOST:PORT' },
    what: 'loopback only; port 0 is a free one (default 127.0.0.1:8866)',
  },
  account: {
    type: 'string',
    multiple: true,
    value: { name: 'APPID:SECRET' },
    what: 'may be repeated; ww… is a corp, which may have several secrets (default wx0000000000000000 and a secret of 32 zeros)',
  },
  component: {
    type: 'string',
    multiple: true,
    value: { name: 'APPID:SECRET' },
    what: 'a third-party platform of the Open Platform; may be repeated',
  },
  'token-ttl': {
    type: 'string',
    value: DURATION,
    what: 'life of tokens and tickets (default 7200s)',
  },
  overlap: {
    type: 'string',
    value: DURATION,
    what: 'how long a replaced token of the classic endpoint stays valid (default 300s)',
  },
  'rotation-window': {
    type: 'string',
    value: DURATION,
    what: 'from when before its end a stable token is replaced (default 300s, or a quarter of a shorter life)',
  },
  'daily-quota': {
    type: 'string',
    value: { name: 'N' },
    what: 'fetches per account and day at the classic endpoint (default 2000)',
  },
  latency: {
    type: 'string',
    value: DURATION,
    what: 'how long every answer is held back (default 0ms)',
  },
} as const satisfies Readonly<Record<SandboxOption, OptionForm>>;

export const SANDBOX = {
  name: 'sandbox',
  summary: 'a WeChat token platform on loopback, for demos and tests',
  description: [
    'A faithful WeChat token platform on loopback, for demos, tests and offline work.',
    'Faults, the clock, accounts and the journal are on the control path, URL/sandbox/.',
  ],
  options: OPTIONS,
  exits: [
    { code: 0, what: 'stopped by TERM, INT or HUP' },
    { code: 1, what: 'the address is in use' },
    { code: 78, what: 'bad arguments' },
  ],
  examples: [
    {
      what: 'Tokens that live a minute, at a free port',
      command: 'wx-token-sidecar sandbox --listen 127.0.0.1:0 --token-ttl 60s',
    },
  ],
} as const satisfies CommandForm;

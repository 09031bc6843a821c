import { CONFIG_OPTION, type CommandForm, DURATION } from './form.ts';

export const ONCE = {
  name: 'once',
  summary: 'fetch or re-use every credential, publish it, end',
  description: [
    'Adopts or fetches every credential, publishes it and ends: for init containers, cron and scripts.',
    'It opens no receiver: a third party that is pushed its ticket there needs a daemon that runs, or has kept one.',
  ],
  options: {
    ...CONFIG_OPTION,
    timeout: {
      type: 'string',
      default: '60s',
      value: DURATION,
      what: 'how long it may take (default 60s)',
    },
  },
  exits: [
    { code: 0, what: 'all published with life left' },
    { code: 75, what: 'a passing fault' },
    { code: 77, what: 'WeChat refuses, a person must act' },
    { code: 78, what: 'bad configuration' },
  ],
  examples: [
    {
      what: 'Publish before an app starts, and give up after half a minute',
      command: 'wx-token-sidecar once --config config.yaml --timeout 30s',
    },
  ],
} as const satisfies CommandForm;

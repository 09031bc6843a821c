import { CONFIG_OPTION, type CommandForm } from './form.ts';

export const RUN = {
  name: 'run',
  summary: 'the daemon (this is the default)',
  description: [
    'The daemon. Fetches the credential ahead of expiry and publishes it, until TERM or INT. HUP refreshes now (onHangup).',
  ],
  options: CONFIG_OPTION,
  exits: [
    { code: 0, what: 'stopped by TERM or INT' },
    { code: 78, what: 'bad configuration' },
    { code: 1, what: 'anything unexpected' },
  ],
  examples: [
    {
      what: 'Run the daemon of all accounts in a file',
      command: 'wx-token-sidecar run --config config.yaml',
    },
  ],
} as const satisfies CommandForm;

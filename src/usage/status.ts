import { CONFIG_OPTION, type CommandForm } from './form.ts';

export const STATUS = {
  name: 'status',
  summary: 'tell how every credential stands, as the daemon wrote it down',
  description: [
    'Tells how every credential stands, as the daemon wrote it down last, and whether the published files are there. Changes nothing and asks nobody, so it works beside a stopped daemon and in a probe.',
    "Run it with the daemon's environment and configuration, and as its user: others may not be allowed to read everything.",
  ],
  options: {
    ...CONFIG_OPTION,
    json: {
      type: 'boolean',
      default: false,
      what: '{"version","at","daemon","credentials":[…]}, times in epoch seconds',
    },
    quiet: {
      type: 'boolean',
      default: false,
      what: 'print nothing but what is wrong with the configuration: the exit code tells',
    },
  },
  exits: [
    { code: 0, what: 'all fresh' },
    { code: 3, what: 'something that is not optional is missing, dead or unreadable' },
    { code: 78, what: 'bad configuration' },
  ],
  examples: [
    { what: 'The table of all credentials', command: 'wx-token-sidecar status --config config.yaml' },
    {
      what: 'For a script: tell only by the exit code',
      command: 'wx-token-sidecar status --config config.yaml --quiet || echo "look at the token"',
    },
  ],
} as const satisfies CommandForm;

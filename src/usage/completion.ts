import { CONFIG_OPTION, type CommandForm } from './form.ts';

/** The shells for which there is a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

export const COMPLETION = {
  name: 'completion',
  summary: 'print a script with which bash, zsh or fish completes commands, options and their values',
  description: [
    'Prints a script with which a shell completes commands, options and their values. Its first lines say where to put it, and how the shell that is open now takes it.',
  ],
  options: {
    ...CONFIG_OPTION,
    names: {
      type: 'boolean',
      default: false,
      what: 'print the names of the credentials instead, for which the scripts ask; none where the configuration is wrong or cannot be read within a second',
    },
  },
  argument: { name: 'SHELL', offers: SHELLS, what: 'bash, zsh or fish' },
  exits: [
    { code: 0, what: 'printed' },
    { code: 78, what: 'no such shell' },
  ],
  examples: [
    {
      what: 'For bash, with the package bash-completion',
      command:
        'wx-token-sidecar completion bash > ~/.local/share/bash-completion/completions/wx-token-sidecar',
    },
    {
      what: 'For zsh, where ~/.zfunc is in fpath before compinit',
      command: 'wx-token-sidecar completion zsh > ~/.zfunc/_wx-token-sidecar',
    },
    {
      what: 'For fish',
      command: 'wx-token-sidecar completion fish > ~/.config/fish/completions/wx-token-sidecar.fish',
    },
  ],
} as const satisfies CommandForm;

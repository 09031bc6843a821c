/**
 * What a command accepts and what is said of it. Parsing, help, man page and completion are made of the one form, so that
 * none of them can miss an option.
 */
export interface CommandForm {
  readonly name: string;
  /** One line for the list of commands, without a full stop. */
  readonly summary: string;
  /** Paragraphs of the help. */
  readonly description: readonly string[];
  readonly options: Readonly<Record<string, OptionForm>>;
  /** What may stand beside the options; without it nothing may. */
  readonly argument?: ValueForm & {
    readonly what: string;
    readonly multiple?: boolean;
  };
  readonly exits: readonly Exit[];
  /** At least one. Each runs as it stands, in a folder with a config.yaml of an account called main. */
  readonly examples: readonly [Example, ...Example[]];
}

/** An option, with what `parseArgs` of `node:util` needs to know. */
export interface OptionForm {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly default?: string | boolean;
  /** Of an option that takes one, and of no other. */
  readonly value?: ValueForm;
  readonly what: string;
}

export interface ValueForm {
  /** Stands for the value in the help. */
  readonly name: string;
  /** What a shell offers: paths, names of the configuration, or these words; nothing where it is absent. */
  readonly offers?: 'files' | 'folders' | 'credentials' | readonly string[];
}

interface Exit {
  readonly code: number;
  readonly what: string;
}

interface Example {
  readonly what: string;
  readonly command: string;
}

/** A time with its unit, as 90s or 5m. */
export const DURATION = { name: 'DURATION' } as const satisfies ValueForm;

/**
 * The option that names the configuration file, for all commands but `init` and `sandbox`. Without it, `WXTOKEN_CONFIG`
 * may name the file.
 */
export const CONFIG_OPTION = {
  config: {
    type: 'string',
    value: { name: 'FILE', offers: 'files' },
    what: 'YAML or JSON (default: WXTOKEN_CONFIG); without one the environment alone configures it',
  },
} as const satisfies CommandForm['options'];

/** What every command takes besides its own options. */
export const COMMON_OPTIONS = {
  help: { type: 'boolean', short: 'h', what: 'what the command does, and its options' },
  version: { type: 'boolean', what: 'the version of the program' },
} as const satisfies Readonly<Record<string, OptionForm & { readonly short?: string }>>;

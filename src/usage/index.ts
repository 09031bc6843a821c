import { CHECK } from './check.ts';
import { COMPLETION } from './completion.ts';
import type { CommandForm } from './form.ts';
import { INIT } from './init.ts';
import { ONCE } from './once.ts';
import { REFRESH } from './refresh.ts';
import { RUN } from './run.ts';
import { SANDBOX } from './sandbox.ts';
import { STATUS } from './status.ts';

/** All commands, in the order in which people meet them. */
const COMMANDS = [RUN, ONCE, CHECK, STATUS, REFRESH, SANDBOX, INIT, COMPLETION] as const;

export type CommandName = (typeof COMMANDS)[number]['name'];

/** The same, for those who treat all alike. */
export const FORMS: readonly CommandForm[] = COMMANDS;

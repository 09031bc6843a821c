import type { CodeStore } from '../../../src/core/ports.ts';
import { type PushedCode, putCode, settleCode } from '../../../src/core/pushed-code.ts';
import type { PushedTicket } from '../../../src/core/pushed-ticket.ts';
import { Secret } from '../../../src/core/secret.ts';
import { MINUTE, SECOND } from '../../../src/core/time.ts';
import { createPlatform, type Platform } from '../../../src/sandbox/platform.ts';
import {
  addComponent,
  authorizeAccount,
  issueComponentTicket,
  markExchanged,
} from '../../../src/sandbox/third-parties/component-administration.ts';
import type { Agenda } from '../agenda.ts';
import { createDeaths, type Deaths } from '../deaths.ts';
import { createDisk } from '../disk.ts';
import { EPOCH } from '../machine.ts';
import type { SharedState } from '../shared-state.ts';
import { type AccountJournal, newAccountJournal } from './journal.ts';

export const PLATFORM = { name: 'platform', appId: 'wx0000000000000000', secret: '0'.repeat(32) };

/** The component or one of its accounts, with what all daemons keep of it. */
export interface Party {
  readonly name: string;
  readonly appId: string;
  readonly journal: AccountJournal;
  readonly deaths: Deaths;
  readonly shared: SharedState;
}

/** A third-party platform with its accounts, as the sandbox plays it. */
export interface ThirdParty {
  readonly platform: Platform;
  readonly component: Party;
  readonly accounts: readonly Party[];
  /** The newest ticket that a daemon has kept for all of them. */
  ticket(): PushedTicket | undefined;
  /** The codes that daemons have been pushed, as all of them keep them. */
  readonly codes: CodeStore;
  /** The platform makes a ticket and pushes it to one of the daemons, which keeps it. */
  push(): void;
  /** The account authorises again, which ends its token at once. @returns the code to exchange */
  authorize(account: Party): string;
}

export function createThirdParty(
  agenda: Agenda,
  random: () => number,
  bytes: () => number,
  howMany: number,
): ThirdParty {
  const platform = createPlatform({
    accounts: [],
    random: (size) => Uint8Array.from({ length: size }, () => 256 * bytes()),
  });
  const { world } = platform;
  addComponent(world, PLATFORM.appId, PLATFORM.secret);
  let ticket: PushedTicket | undefined;

  function partyOf(name: string, appId: string): Party {
    const journal = newAccountJournal();
    const shared = createDisk(agenda, random, journal);
    return { name, appId, journal, shared, deaths: createDeaths(platform) };
  }

  const accounts = Array.from({ length: howMany }, (_, index) =>
    partyOf(`shop-${index}`, `wx${String(index + 1).padStart(16, '0')}`),
  );
  for (const { appId } of accounts) {
    authorizeAccount(world, PLATFORM.appId, appId, EPOCH);
    markExchanged(world, PLATFORM.appId, appId);
  }

  return {
    platform,
    component: partyOf(PLATFORM.name, PLATFORM.appId),
    accounts,
    ticket: () => ticket,
    codes: keptCodes(),
    push() {
      const now = EPOCH + agenda.now();
      const pushed = issueComponentTicket(world, PLATFORM.appId, now);
      if (!pushed) throw new TypeError('there is no such component');
      // A push says when it was made in whole seconds.
      const createdAt = Math.floor(pushed.createdAt / SECOND) * SECOND;
      ticket = { value: new Secret(pushed.value), createdAt, receivedAt: now };
    },
    authorize({ appId, journal, deaths }) {
      const now = agenda.now();
      const code = authorizeAccount(world, PLATFORM.appId, appId, EPOCH + now);
      journal.authorisations.push(now);
      const newest = journal.issued.at(-1);
      if (newest) deaths.platformActed(now, newest.token);
      return code;
    },
  };
}

/** From one push to the next, ms: the rhythm is not exact. */
export function untilNextPush(random: () => number): number {
  return Math.floor(8 * MINUTE + 4 * MINUTE * random());
}

function keptCodes(): CodeStore {
  let codes: readonly PushedCode[] = [];
  return {
    read: async () => codes,
    async put(code) {
      const change = putCode(codes, code, 'memory');
      if ('leave' in change) return change.leave;
      codes = change.write;
      return 'kept';
    },
    async settle(mark) {
      const change = settleCode(codes, mark);
      if ('write' in change) codes = change.write;
    },
  };
}

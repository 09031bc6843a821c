import { SECOND } from '../../../src/core/time.ts';
import type { Transport, TransportAnswer } from '../../../src/providers/transport.ts';
import { transportFailure } from '../../../src/providers/transport-failure.ts';
import type { Platform } from '../../../src/sandbox/platform.ts';
import type { PlatformRequest } from '../../../src/sandbox/protocol.ts';
import type { Agenda } from '../agenda.ts';
import type { Deaths } from '../deaths.ts';
import { EPOCH, type Life } from '../machine.ts';
import {
  type AccountJournal,
  type CallKind,
  callKind,
  isForAccount,
  isOfAccount,
  type SharedJournal,
} from './journal.ts';

const HOST = 'api.weixin.qq.com';
/** As the transport's own, ms. */
const TIMEOUT = 10 * SECOND;

export interface Line {
  readonly life: Life;
  readonly daemon: number;
  readonly account: string;
  /** The calls for accounts that this life of the daemon has under way. */
  readonly underway: { calls: number };
  readonly journal: AccountJournal;
  readonly deaths: Deaths;
  /** Told when a request for a token has left. */
  readonly sent: () => void;
}

export interface WireOptions {
  readonly agenda: Agenda;
  readonly random: () => number;
  readonly platform: Platform;
  readonly journal: SharedJournal;
  /** Chance that the platform acts and its answer is lost. */
  readonly lost: number;
}

/** The wire between daemons and platform. */
export function createWire({ agenda, random, platform, journal, lost }: WireOptions) {
  return ({ life, daemon, account, underway, journal: own, deaths, sent }: Line): Transport => {
    async function send(kind: CallKind, request: PlatformRequest): Promise<TransportAnswer> {
      await life.reach('sending');
      await life.pause(20 + 60 * random());
      const answer = platform.handle(request, EPOCH + agenda.now());
      const { errcode, token } = answer.trace;
      if (isTokenCall(kind) && errcode === 0 && token !== null) {
        own.issued.push({ token, at: agenda.now() });
        deaths.platformActed(agenda.now(), token);
      }
      if (random() < lost) {
        await life.pause(random() < 0.5 ? 100 : TIMEOUT);
        throw transportFailure(HOST, { name: 'TimeoutError' }, { departed: true });
      }
      await life.reach('answered');
      await life.pause(20 + 80 * random());
      return { status: answer.status, text: answer.body, date: Date.parse(answer.headers['date'] ?? '') };
    }

    return {
      async send(_origin, { method, path, query = {}, body }) {
        const kind = callKind(path);
        if (isTokenCall(kind)) sent();
        const counts = isForAccount(kind) ? 1 : 0;
        underway.calls += counts;
        journal.calls.push({ at: agenda.now(), kind, account, daemon, underway: underway.calls });
        const request = { method, path, query, body: body ? JSON.stringify(body) : '', ip: '127.0.0.1' };
        return send(kind, request).finally(() => {
          underway.calls -= counts;
        });
      },
      close: async () => {},
    };
  };
}

function isTokenCall(kind: CallKind): boolean {
  return kind === 'component' || isOfAccount(kind);
}

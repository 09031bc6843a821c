import { SECOND } from '../../src/core/time.ts';
import type { Transport } from '../../src/providers/transport.ts';
import { transportFailure } from '../../src/providers/transport-failure.ts';
import type { Platform } from '../../src/sandbox/platform.ts';
import type { PlatformAnswer, PlatformRequest } from '../../src/sandbox/protocol.ts';
import type { Agenda } from './agenda.ts';
import type { Deaths } from './deaths.ts';
import type { Fault } from './fault.ts';
import type { Journal } from './journal.ts';
import { EPOCH, type Life } from './machine.ts';

/** The wire between daemons and platform. */
export interface Network {
  /**
   * @param sent told when a request has got past the last thing that this host checks
   * @param isCutOff nothing gets out of this machine
   */
  connect(life: Life, sent: () => void, isCutOff: boolean): Transport;
  /** What a stranger's call comes to: nothing befalls it. */
  call(request: PlatformRequest): void;
}

const HOST = 'api.weixin.qq.com';
/** A daemon also asks whether a token works, and what time it is. */
const isFetch = (path: string) => path !== '/cgi-bin/getcallbackip';
/** As the transport's own, ms. */
const TIMEOUT = 10 * SECOND;

interface Surroundings {
  readonly agenda: Agenda;
  readonly random: () => number;
  readonly platform: Platform;
  readonly deaths: Deaths;
  readonly journal: Journal;
  readonly fault: Fault;
}

export function createNetwork({ agenda, random, platform, deaths, journal, fault }: Surroundings): Network {
  const unsent = () => transportFailure(HOST, { code: 'ECONNREFUSED' }, { departed: false });
  const lost = () => transportFailure(HOST, { name: 'TimeoutError' }, { departed: true });
  const isDown = () =>
    journal.outages.some(({ from, until }) => from <= agenda.now() && agenda.now() < until);

  function handle(request: PlatformRequest, by: 'daemon' | 'rival'): PlatformAnswer {
    const now = agenda.now();
    const answer = platform.handle(request, EPOCH + now);
    const { errcode, token, force: forced } = answer.trace;
    const acted = errcode === 0;
    if (isFetch(request.path)) journal.calls.push({ at: now, by, forced, acted });
    if (acted && token !== null) deaths.platformActed(now, token);
    return answer;
  }

  /** An outage has many faces: nobody listens, nobody answers, or a gateway apologises. */
  async function fail(life: Life, path: string) {
    const face = random();
    if (face < 1 / 3) throw unsent();
    if (isFetch(path)) journal.calls.push({ at: agenda.now(), by: 'daemon', forced: false, acted: false });
    if (face < 2 / 3) return { status: 502, text: '<html>Bad Gateway</html>' };
    await life.pause(TIMEOUT);
    throw lost();
  }

  return {
    connect: (life, sent, isCutOff) => ({
      async send(_origin, { method, path, query = {}, body }) {
        if (isFetch(path)) sent();
        await life.reach('sending');
        await life.pause(20 + 60 * random());
        if (isCutOff) throw unsent();
        if (isDown()) return fail(life, path);
        if (random() < (fault.unsent ?? 0)) throw unsent();
        const request = { method, path, query, body: body ? JSON.stringify(body) : '', ip: '127.0.0.1' };
        const { status, headers, body: text } = handle(request, 'daemon');
        if (random() < (fault.lost ?? 0)) {
          journal.lost.push(agenda.now());
          await life.pause(random() < 0.5 ? 100 : TIMEOUT);
          throw lost();
        }
        await life.reach('answered');
        await life.pause(20 + 80 * random());
        return { status, text, date: Date.parse(headers['date'] ?? '') };
      },
      close: async () => {},
    }),
    call: (request) => void handle(request, 'rival'),
  };
}

import { accountOf } from '../../app/unit.ts';
import type { FetchedConfig } from '../../config/config.ts';
import { secretReader } from '../../config/secret-file.ts';
import type { StateFolder } from '../../coordination/folder/state-folder.ts';
import { fetchHold } from '../../core/budget.ts';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { Clock } from '../../core/ports.ts';
import type { AccountRecord } from '../../core/record.ts';
import { SECOND } from '../../core/time.ts';
import { createPlatform, createTransport, kindOf, policyOf } from '../../providers/index.ts';
import type { Platform } from '../../providers/platform.ts';
import type { Transport } from '../../providers/transport.ts';

/**
 * What the platform said.
 * - `token`: it handed one out
 * - `works`, `dead`: it accepts, or no longer accepts, the token that is stored
 * - `reached`: it answered a call that carries no secret; why no more was asked
 * - `failed`: no answer, or no
 */
export type Outcome =
  | { readonly kind: 'token'; readonly lifeMs: number }
  | { readonly kind: 'works'; readonly lifeMs: number }
  | { readonly kind: 'dead'; readonly failure: Failure }
  | { readonly kind: 'reached'; readonly why: 'would-kill' | 'no-budget' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface Inquiry {
  /** Every host that was asked, in this order. */
  readonly attempts: readonly Attempt[];
  readonly outcome: Outcome;
}

/** Well-formed, and nobody's. */
const DUMMY = 'wx-token-sidecar-check-asks-whether-this-host-answers';

/**
 * Asks the platform once, through the edges that the daemon uses. Nothing is forced, written or published, and what
 * would kill a token in use is not asked: then the stored token is tried, or a call made that carries no secret.
 * @param signal its reason says why it ended
 */
export async function inquire(
  credential: FetchedConfig,
  folder: StateFolder,
  clock: Clock,
  signal: AbortSignal,
): Promise<Inquiry> {
  const { type, appId, platform, budget } = credential;
  const { family, provider: create } = kindOf(type);
  const attempts: Attempt[] = [];
  const transport = createTransport(platform);
  const edge = remembering(
    createPlatform(family, platform.hosts, observed(transport, clock, attempts), clock),
  );
  const provider = create({ appId, secret: secretReader(credential.secret), platform: edge });

  async function fetchToken(): Promise<Outcome> {
    const startedAt = clock.now().monotonic;
    const { expiresIn } = await provider.fetch({ forced: false, signal });
    return { kind: 'token', lifeMs: expiresIn * SECOND - (clock.now().monotonic - startedAt) };
  }

  /** A probe takes everything but a clear no for a yes; here the other answers count as well. */
  async function tryStored(token: NonNullable<AccountRecord['token']>): Promise<Outcome> {
    const { works } = await provider.probe(token, signal);
    const failure = edge.failure();
    if (!works && failure) return { kind: 'dead', failure };
    if (failure) return { kind: 'failed', failure };
    return { kind: 'works', lifeMs: token.expiresAt - clock.now().wall };
  }

  async function reach(why: 'would-kill' | 'no-budget'): Promise<Outcome> {
    const query = { access_token: DUMMY };
    const path = '/cgi-bin/getcallbackip';
    try {
      await edge.call({ method: 'GET', path, endpoint: 'ticket', query, repeatable: true, signal });
    } catch (error) {
      const failure = failureOf(error, 'none');
      // That it does not know this token is what it has to say.
      if (!isAnswer(failure)) return { kind: 'failed', failure };
    }
    return { kind: 'reached', why };
  }

  try {
    const { account } = await accountOf(credential);
    const record = await folder.open(account).read();
    const { destructive } = policyOf(credential);
    const { wall } = clock.now();
    if (destructive) {
      const isAlive = record?.token && record.token.expiresAt > wall;
      return { attempts, outcome: await (isAlive ? tryStored(record.token) : reach('would-kill')) };
    }
    const time = { at: wall, certain: false };
    const isSpent = record !== undefined && fetchHold(record.ledger, budget.fetchesPerDay, time) > 0;
    return { attempts, outcome: await (isSpent ? reach('no-budget') : fetchToken()) };
  } catch (error) {
    return { attempts, outcome: { kind: 'failed', failure: failureOf(error, 'none') } };
  } finally {
    await transport.close();
  }
}

/** An error code is an answer, unless it says that a person must act: the next call would be refused as well. */
function isAnswer({ errcode, blamesToken, class: kind }: Failure): boolean {
  if (errcode === undefined) return false;
  return blamesToken === true || (kind !== 'refused' && kind !== 'confirmation');
}

/** One request to one host. */
export interface Attempt {
  /** Base URL. */
  readonly host: string;
  readonly tookMs: number;
  /** Why there was no answer. */
  readonly failure?: Failure;
  /** How far this machine's clock is ahead of the host's, ms, and how exactly that is known. */
  readonly clock?: { readonly aheadMs: number; readonly giveOrTakeMs: number };
}

/** HTTP tells its time in whole seconds, rounded down. */
const HALF_A_SECOND = 500;

/** The same transport, with a note of each request. */
function observed(transport: Transport, clock: Clock, attempts: Attempt[]): Transport {
  return {
    async send(host, request) {
      const start = clock.now();
      const took = () => clock.now().monotonic - start.monotonic;
      try {
        const answer = await transport.send(host, request);
        const tookMs = took();
        // The answer was dated at some moment in between.
        const aheadMs = start.wall + tookMs / 2 - ((answer.date ?? 0) + HALF_A_SECOND);
        const giveOrTakeMs = tookMs / 2 + HALF_A_SECOND;
        const dated = answer.date === undefined ? {} : { clock: { aheadMs, giveOrTakeMs } };
        attempts.push({ host, tookMs, ...dated });
        return answer;
      } catch (error) {
        attempts.push({ host, tookMs: took(), failure: failureOf(error, 'unknown') });
        throw error;
      }
    },
    close: transport.close,
  };
}

/** The same platform, which also remembers how its last call failed. */
function remembering(platform: Platform): Platform & { failure(): Failure | undefined } {
  let last: Failure | undefined;
  return {
    async call(request) {
      last = undefined;
      try {
        return await platform.call(request);
      } catch (error) {
        last = failureOf(error, 'unknown');
        throw error;
      }
    },
    failure: () => last,
  };
}

import { accountOf } from '../../app/app-secret.ts';
import type { FetchedConfig } from '../../config/config.ts';
import { secretReader } from '../../config/secret-file.ts';
import { ticketFile } from '../../coordination/folder/ticket-file.ts';
import { fetchHold } from '../../core/budget.ts';
import type { Kind, Token } from '../../core/credential.ts';
import type { PlatformFamily } from '../../core/errcodes/index.ts';
import { type Failure, failureOf } from '../../core/failure.ts';
import type { AccountStore, Clock, TicketStore } from '../../core/ports.ts';
import { newestTicket, type PushedTicket } from '../../core/pushed-ticket.ts';
import type { AccountRecord } from '../../core/record.ts';
import { untilStart } from '../../core/state/pushed.ts';
import { SECOND } from '../../core/time.ts';
import {
  createPlatform,
  createSharedReads,
  createTransport,
  kindOf,
  policyOf,
  providerOf,
} from '../../providers/index.ts';
import type { Platform } from '../../providers/platform.ts';
import type { Transport } from '../../providers/transport.ts';

/**
 * The answer of the platform.
 * - `token`: the platform issued a token
 * - `works`, `dead`: the platform accepts, or no longer accepts, the stored token
 * - `accepted`: the platform took AppID and AppSecret in a call that fetches nothing: it was asked to push tickets
 * - `reached`: the platform answered a call that carries no secret; `why` says why nothing else was asked
 * - `listed`: the platform answered with the list that was asked for
 * - `failed`: no answer, or a refusal
 *
 * Lifetimes are in ms.
 */
export type Outcome =
  | { readonly kind: 'token'; readonly lifeMs: number }
  | { readonly kind: 'works'; readonly lifeMs: number }
  | { readonly kind: 'dead'; readonly failure: Failure }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'reached'; readonly why: Unfetched; readonly hasSecret: boolean }
  | { readonly kind: 'listed' }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Why no token was fetched. */
export type Unfetched =
  | 'would-kill'
  | 'no-budget'
  | 'no-party'
  | 'no-ticket'
  | 'asked-already'
  | 'tickets-flow';

/** The outcome of asking the platform once. */
export interface PlatformProbe {
  /** The requests to each host, in the order in which they were sent. */
  readonly attempts: readonly Attempt[];
  readonly outcome: Outcome;
}

/** Where the daemon keeps records and pushed tickets. */
export interface Stored {
  /**
   * @param name of the credential
   * @param kind absent: its token
   */
  open(account: string, name: string, kind?: Kind): Pick<AccountStore, 'read'>;
  openTickets(account: string, name: string): Pick<TicketStore, 'read'>;
}

/** A well-formed token that belongs to no account. */
const DUMMY_TOKEN = 'wx-token-sidecar-check-asks-whether-this-host-answers';

const WITH_DUMMY = {
  method: 'GET',
  path: '/cgi-bin/getcallbackip',
  endpoint: 'ticket',
  query: { access_token: DUMMY_TOKEN },
} as const;

/**
 * Asks the platform once, through the edges that the daemon uses. Nothing is forced, written or published. If a fetch
 * would kill a token in use, the function tries the stored token instead, or makes a call that carries no secret.
 * @param party the third party whose token it is fetched with, if it is fetched with one
 * @param stored where the daemon keeps the records
 * @param signal ends the requests; its reason says why
 * @returns the requests and the answer; never rejects because of a failed request
 */
export async function probePlatform(
  credential: FetchedConfig,
  party: FetchedConfig | undefined,
  stored: Stored,
  clock: Clock,
  signal: AbortSignal,
): Promise<PlatformProbe> {
  const { type, appId, platform, budget, via } = credential;
  const kind = kindOf(type);
  const { attempts, edge, close } = recordedPlatform(platform, kind.family, clock);
  const provider = providerOf(kind, {
    appId,
    secret: secretReader(credential.secret),
    platform: edge,
    ...(via && { via: { appId: via.appId, sharedReads: createSharedReads(clock) } }),
  });

  async function fetchToken(account: string): Promise<Outcome> {
    const startedAt = clock.now().monotonic;
    const token = party && (await liveTokenOf(party, stored, clock));
    if (party && !token) return reach('no-party');
    const pushed = kind.pushed && (await newestTicketOf(account));
    if (kind.pushed && !pushed) return reach('no-ticket');
    const takes = { ...(token && { token }), ...(pushed && { pushed }) };
    const { expiresIn } = await provider.fetch({ forced: false, signal, ...takes });
    return { kind: 'token', lifeMs: expiresIn * SECOND - (clock.now().monotonic - startedAt) };
  }

  async function newestTicketOf(account: string): Promise<PushedTicket | undefined> {
    const path = credential.ticket?.file;
    const file = path === undefined ? undefined : ticketFile(path, { clock, warn: () => {} });
    return newestTicket(await stored.openTickets(account, credential.name).read(), await file?.read());
  }

  /**
   * Tries the stored token. A probe takes everything but a clear refusal for a success; here other failures count as
   * well.
   */
  async function tryStored(token: NonNullable<AccountRecord['token']>): Promise<Outcome> {
    const { works } = await provider.probe(token, signal);
    const failure = edge.failure();
    if (!works && failure) return { kind: 'dead', failure };
    if (failure) return { kind: 'failed', failure };
    return { kind: 'works', lifeMs: token.expiresAt - clock.now().wall };
  }

  /** Makes a call without a secret, to learn whether the platform answers. */
  async function reach(why: Unfetched): Promise<Outcome> {
    const { greeting } = kind;
    try {
      await edge.call({ ...(greeting ?? WITH_DUMMY), repeatable: true, signal });
    } catch (error) {
      const failure = failureOf(error, 'none');
      // The answer that the platform does not know the dummy token, or the account, is the expected one.
      const isExpected = greeting ? failure.errcode !== undefined : isAnswer(failure);
      if (!isExpected) return { kind: 'failed', failure };
    }
    return { kind: 'reached', why, hasSecret: kind.secretless !== true };
  }

  /**
   * Of a token whose fetch would end the one in use. A third party can be asked to push its ticket, which takes AppID,
   * AppSecret and address and ends nothing; where a daemon would do so as well, since the call carries the secret.
   */
  async function withoutFetch(account: string, record: AccountRecord | undefined): Promise<Outcome> {
    const policy = policyOf(credential);
    if (!provider.startPushes || !policy.pushes?.canStart) return reach('would-kill');
    const ticket = await newestTicketOf(account);
    const now = clock.now();
    const pushes = ticket ? { ticket } : {};
    if (untilStart(pushes, policy, undefined, now) > 0) return reach('tickets-flow');
    if (untilStart(pushes, policy, record?.pushStartedAt, now) > 0) return reach('asked-already');
    await provider.startPushes({ signal });
    return { kind: 'accepted' };
  }

  try {
    const { account } = await accountOf(credential);
    const record = await stored.open(account, credential.name).read();
    const { destructive } = policyOf(credential);
    const { wall } = clock.now();
    if (destructive) {
      const isAlive = record?.token && record.token.expiresAt > wall;
      return { attempts, outcome: await (isAlive ? tryStored(record.token) : withoutFetch(account, record)) };
    }
    const time = { at: wall, certain: false };
    const isSpent = record !== undefined && fetchHold(record.ledger, budget.fetchesPerDay, time) > 0;
    return { attempts, outcome: await (isSpent ? reach('no-budget') : fetchToken(account)) };
  } catch (error) {
    return { attempts, outcome: { kind: 'failed', failure: failureOf(error, 'none') } };
  } finally {
    await close();
  }
}

/** The token that the daemon keeps for a credential; undefined where there is none that lives. */
export async function liveTokenOf(
  credential: FetchedConfig,
  stored: Pick<Stored, 'open'>,
  clock: Clock,
): Promise<Token | undefined> {
  const record = await stored.open((await accountOf(credential)).account, credential.name).read();
  return record?.token && record.token.expiresAt > clock.now().wall ? record.token : undefined;
}

/** A platform of which each request is recorded. */
export function recordedPlatform(
  { hosts, ...options }: FetchedConfig['platform'],
  family: PlatformFamily,
  clock: Clock,
) {
  const attempts: Attempt[] = [];
  const transport = createTransport(options);
  const recording = recordingTransport(transport, clock, attempts);
  const edge = rememberingFailure(createPlatform(family, hosts, recording, clock));
  return { attempts: attempts as readonly Attempt[], edge, close: () => transport.close() };
}

/**
 * Tells whether a failure shows that the platform answers. An error code does, unless it says that a person must act:
 * then the next call would be refused as well.
 */
function isAnswer({ errcode, blamesToken, class: kind }: Failure): boolean {
  if (errcode === undefined) return false;
  return blamesToken !== undefined || (kind !== 'refused' && kind !== 'confirmation');
}

/** The outcome of one request to one host. */
export interface Attempt {
  /** Base URL of the host. */
  readonly host: string;
  readonly tookMs: number;
  /** Why the host gave no answer. */
  readonly failure?: Failure;
  /** How far the clock of this machine is ahead of that of the host, and the uncertainty of that, both in ms. */
  readonly clock?: { readonly aheadMs: number; readonly giveOrTakeMs: number };
}

/** Half the resolution of the `Date` header, in ms: it counts whole seconds, rounded down. */
const HALF_A_SECOND = 500;

/** Wraps a transport so that it records each request in `attempts`. */
function recordingTransport(transport: Transport, clock: Clock, attempts: Attempt[]): Transport {
  return {
    async send(host, request) {
      const start = clock.now();
      const took = () => clock.now().monotonic - start.monotonic;
      try {
        const answer = await transport.send(host, request);
        const tookMs = took();
        // The host dated its answer at some moment between request and answer.
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
    close: () => transport.close(),
  };
}

/** Wraps a platform so that it remembers the failure of its last call. */
function rememberingFailure(platform: Platform): Platform & { failure(): Failure | undefined } {
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

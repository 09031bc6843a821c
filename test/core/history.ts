import { apply } from '../../src/core/apply.ts';
import type { Budget } from '../../src/core/budget.ts';
import type { Token } from '../../src/core/credential.ts';
import type { Event } from '../../src/core/events/event.ts';
import { type Failure, PASSING } from '../../src/core/failure.ts';
import { begin } from '../../src/core/outcome.ts';
import { type FetchStep, plan, type Step } from '../../src/core/plan.ts';
import { kills, type Policy } from '../../src/core/policy.ts';
import { type AccountRecord, emptyRecord } from '../../src/core/record.ts';
import { initialState, isPublished, type State } from '../../src/core/state/index.ts';
import { lifeLeft } from '../../src/core/state/life.ts';
import type { Strength } from '../../src/core/state/request.ts';
import { DAY, type Instant, MINUTE, SECOND } from '../../src/core/time.ts';
import { restOf } from '../simulate/due.ts';
import { seeded } from '../support/clock.ts';
import { type CredentialType, policyFor } from '../support/kinds.ts';
import type { Deed, Reply } from './deeds.ts';
import { aValue, createTruth, type Issued } from './truth.ts';

/** What is chosen before a history begins. */
export interface Beginning {
  readonly type: CredentialType;
  readonly budget: Budget;
  readonly coordinated: boolean;
  readonly refusalForces: boolean;
  readonly recheck: boolean;
  /** Draws: of a seed, or always the same. */
  readonly luck: { readonly seed: number } | { readonly always: number };
  /** Whether a daemon that starts anew finds its clock right. */
  readonly startsRight: boolean;
}

/** One request. Times are true time, ms. */
export interface Fetch extends FetchStep {
  readonly at: number;
  readonly who: number;
  /** What a person had asked for, and whether the platform had called the token dead. */
  readonly manual: Strength | undefined;
  readonly confirmedDead: boolean;
}

export interface Publication {
  readonly at: number;
  /** Counts the lives of the daemons. */
  readonly life: number;
  readonly token: Token;
  readonly left: number;
  readonly unsettled: boolean;
}

export interface Wait {
  readonly at: number;
  readonly who: number;
  readonly step: Extract<Step, { kind: 'wait' }>;
  readonly state: State;
  /** What the daemon believes that the token has left, ms. */
  readonly left: number | undefined;
}

/** What happened, told in true time. */
export interface Tale {
  readonly policy: Policy;
  readonly fetches: readonly Fetch[];
  readonly publications: readonly Publication[];
  readonly waits: readonly Wait[];
  /** When somebody outside did something that wakes the daemons. */
  readonly outside: readonly number[];
  /** When what had been spent was forgotten. */
  readonly losses: readonly number[];
  /** Generations that one life of a daemon knew, in order. */
  readonly generations: ReadonlyMap<number, readonly number[]>;
  /** What the platform handed out, by value. */
  readonly issued: ReadonlyMap<string, Issued>;
  /** Turns without end. */
  readonly spins: number;
  /** How long it took, ms, until all targets held a live token again once all was well; undefined for never. */
  readonly recovery?: number;
}

const EPOCH = Date.UTC(2026, 0, 1);
const TICK = 5 * SECOND;
/** The planner's net below the watch on the store. */
const LOOK_AGAIN = 30 * SECOND;
const ACCOUNT = 'weixin/wx0000000000000000';
const TARGET = 'target';
const GOOD = { kind: 'good', life: 7200, dated: true, takes: 50 } as const;

/** More steps at one moment than this are a spin. */
const MOST_TURNS = 25;

interface Daemon {
  state: State;
  life: number;
  born: number;
  slept: number;
  offset: number;
  frozenUntil: number;
  fingerprint: string;
  /** An answer on its way to a daemon that has lost the lock. */
  late: { readonly at: number; readonly event: Event } | undefined;
}

/** Lets it all happen to two daemons that share a store, by true time; then all is well, until they have recovered. */
export function play(beginning: Beginning, deeds: readonly Deed[]): Tale {
  const policy = policyOf(beginning);
  const random = 'seed' in beginning.luck ? seeded(beginning.luck.seed) : constantly(beginning.luck.always);
  const fetches: Fetch[] = [];
  const publications: Publication[] = [];
  const waits: Wait[] = [];
  const outside: number[] = [];
  const losses: number[] = [];
  const generations = new Map<number, number[]>();
  const platform = createTruth(EPOCH);
  let now = 0;
  let spins = 0;
  let lives = 0;
  let stored: AccountRecord | undefined;
  let replies: readonly Reply[] = [GOOD];
  let asked = 0;
  let works = true;
  let locks: 'free' | 'held' | 'unusable' = 'free';
  let writes = true;
  let targetsWork = true;
  const daemons: [Daemon, Daemon] = [born(0, 'a'), born(0, 'a')];

  function born(offset: number, fingerprint: string): Daemon {
    lives += 1;
    const begun = {
      life: lives,
      born: now,
      slept: 0,
      offset,
      frozenUntil: now,
      fingerprint,
      late: undefined,
    };
    const state = initialState(ACCOUNT, [TARGET], instant(begun), random());
    return { ...begun, state };
  }

  function instant({ offset, born: start, slept }: Pick<Daemon, 'offset' | 'born' | 'slept'>): Instant {
    return { wall: EPOCH + now + offset, monotonic: now - start - slept };
  }

  function happen(daemon: Daemon, event: Event): void {
    daemon.state = apply(daemon.state, event, { policy, now: instant(daemon), random: random() });
    const known = generations.get(daemon.life);
    if (known) known.push(daemon.state.record.generation);
    else generations.set(daemon.life, [daemon.state.record.generation]);
  }

  function write(record: AccountRecord): boolean {
    if (!writes) return false;
    for (const daemon of daemons) makeUpForLooks(daemon);
    stored = record;
    for (const daemon of daemons) happen(daemon, { type: 'invalidated' });
    return true;
  }

  function publish(daemon: Daemon, id: string) {
    const { token } = daemon.state.record;
    if (!token) return;
    if (!targetsWork) return happen(daemon, { type: 'unpublished', target: id, failure: failure({}) });
    const left = lifeLeft(daemon.state.life, instant(daemon)) ?? 0;
    publications.push({
      at: now,
      life: daemon.life,
      token,
      left,
      unsettled: daemon.state.late !== undefined,
    });
    happen(daemon, { type: 'published', target: id, generation: token.generation });
  }

  /** As `steps.ts` does it, at one moment but for the time that a request takes. */
  function act(daemon: Daemon, { kind }: Step) {
    if (kind === 'look') return look(daemon);
    if (kind === 'probe') return happen(daemon, { type: 'probed', works });
    if (kind === 'ask-time')
      return happen(daemon, { type: 'timed', ...(works && { platformDate: platform.date(now) }) });
    if (locks === 'held') return happen(daemon, { type: 'blocked' });
    if (locks === 'unusable') {
      happen(daemon, { type: 'unstored', failure: failure({ effect: 'unsent' }) });
      if (policy.destructive) return;
    }
    look(daemon);
    if (daemon.state.late) happen(daemon, { type: 'settled' });
    const { step } = plan(daemon.state, policy, instant(daemon));
    if (step.kind === 'fetch') fetch(daemon, step);
    if (!daemon.late && !daemon.state.store.saved && !daemon.state.late) save(daemon);
  }

  function look(daemon: Daemon) {
    happen(daemon, { type: 'observed', record: stored, fingerprint: daemon.fingerprint });
  }

  /** Looks that would have found nothing were skipped, but nobody goes without one for longer than half a minute. */
  function makeUpForLooks(daemon: Daemon): void {
    const rested = instant(daemon).monotonic - daemon.state.store.lookedAt;
    if (daemon.frozenUntil <= now && rested > LOOK_AGAIN) look(daemon);
  }

  function save(daemon: Daemon): void {
    const { record } = daemon.state;
    if (write(record)) happen(daemon, { type: 'saved', generation: record.generation });
    else happen(daemon, { type: 'unstored', failure: failure({ effect: 'unsent' }) });
  }

  function fetch(daemon: Daemon, step: FetchStep) {
    const record = begin(daemon.state, policy, step.forced, instant(daemon));
    const { manual } = daemon.state.request;
    const { suspicion } = daemon.state.doubts;
    const saved = write(record);
    if (!saved) happen(daemon, { type: 'unstored', failure: failure({ effect: 'unsent' }) });
    if (!saved && kills(policy, step.forced)) return;
    happen(daemon, { type: 'began', record, saved });
    const confirmedDead = suspicion === 'force';
    const reply = replies[asked % replies.length] ?? GOOD;
    asked += 1;
    const sent = reply.kind !== 'failed' || reply.effect !== 'unsent';
    if (sent) fetches.push({ ...step, at: now, who: daemons.indexOf(daemon), manual, confirmedDead });
    const startedAt = instant(daemon);
    now += reply.takes;
    if (reply.kind === 'failed') {
      if (reply.effect === 'unknown' && random() < 0.5) platform.issue(now, GOOD.life);
      return happen(daemon, { type: 'failed', failure: failure(reply) });
    }
    const answer = platform.answer(reply, now);
    if (reply.kind === 'late') {
      daemon.late = { at: now + 15 * SECOND, event: { type: 'answered-late', answer, startedAt } };
    } else {
      happen(daemon, { type: 'fetched', answer, startedAt });
    }
  }

  /** Everything that a daemon does when it is woken. @returns until when it has nothing to do */
  function wake(daemon: Daemon): number {
    if (daemon.frozenUntil > now) return daemon.frozenUntil;
    if (daemon.late && daemon.late.at <= now) {
      happen(daemon, daemon.late.event);
      daemon.late = undefined;
    }
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const { publish: due, step } = plan(daemon.state, policy, instant(daemon));
      for (const id of due) publish(daemon, id);
      if (daemon.late) return daemon.late.at;
      if (step.kind !== 'wait') {
        act(daemon, step);
        continue;
      }
      const moment = instant(daemon);
      const left = lifeLeft(daemon.state.life, moment);
      waits.push({ at: now, who: daemons.indexOf(daemon), step, state: daemon.state, left });
      return nextTick(now + restOf(daemon.state, policy, moment, false));
    }
    spins += 1;
    return nextTick(now);
  }

  function live(until: number): void {
    while (now < until) {
      const next = Math.min(...daemons.map(wake));
      now = Math.max(now, Math.min(until, next));
    }
  }

  function forge(deed: Extract<Deed, { type: 'forge' }>): void {
    const before = stored ?? emptyRecord(ACCOUNT, EPOCH + now);
    const generation = Math.max(1, before.generation + deed.generation);
    const at = EPOCH + now + deed.shift;
    const times = {
      issuedAt: at,
      expiresAt: at + deed.life * SECOND,
      ...(deed.dated && { platformDate: at }),
    };
    const token: Token = { value: aValue(`forged${now}`), expiresIn: deed.life, generation, ...times };
    stored = { ...before, generation, token, ...(deed.intent && { intent: { at, forced: false } }) };
    for (const daemon of daemons) happen(daemon, { type: 'invalidated' });
  }

  function restart(index: 0 | 1): void {
    const { offset, fingerprint } = daemons[index];
    daemons[index] = born(beginning.startsRight ? 0 : offset, fingerprint);
  }

  function befall(deed: Deed) {
    if (deed.type !== 'pass') outside.push(now);
    const index = 'who' in deed && deed.who === 1 ? 1 : 0;
    const daemon = daemons[index];
    switch (deed.type) {
      case 'pass':
        return live(now + deed.ms);
      case 'setClock':
        daemon.offset += deed.ms;
        return;
      case 'sleep':
        daemon.frozenUntil = now + deed.ms;
        daemon.slept += deed.ms;
        return live(daemon.frozenUntil);
      case 'restart':
        if (!deed.losing) return restart(index);
        losses.push(now);
        stored = undefined;
        restart(0);
        return restart(1);
      case 'request':
        return happen(daemon, { type: 'requested', strength: deed.strength });
      case 'refuse':
        for (let time = 0; time < deed.times; time += 1) happen(daemon, { type: 'doubted', by: 'reader' });
        return;
      case 'secret':
        daemon.fingerprint = deed.fingerprint;
        return;
      case 'replies':
        replies = deed.replies;
        works = deed.works;
        return;
      case 'store':
        locks = deed.locks;
        writes = deed.writes;
        return;
      case 'targets':
        targetsWork = deed.work;
        return;
      case 'forge':
        return forge(deed);
    }
  }

  for (const deed of deeds) {
    befall(deed);
    live(now + 1);
  }
  const outcome = { policy, fetches, publications, waits: [...waits], outside, losses, generations };
  replies = [GOOD];
  [works, locks, writes, targetsWork] = [true, 'free', true, true];
  const wellSince = now;
  const isWell = () => daemons.every((daemon) => isPublished(daemon.state, instant(daemon)));
  while (!isWell() && now < wellSince + 3 * DAY) live(now + TICK);
  return { ...outcome, issued: platform.issued, spins, ...(isWell() && { recovery: now - wellSince }) };
}

function nextTick(time: number): number {
  return TICK * (Math.floor(time / TICK) + 1);
}

function constantly(draw: number): () => number {
  return () => draw;
}

function failure(given: Partial<Failure>): Failure {
  const usual = {
    class: 'passing',
    code: 'played',
    message: 'played',
    zh: { message: 'played' },
    effect: 'none',
    backoff: PASSING,
  } as const;
  const { class: kind, effect, backoff } = { ...usual, ...given };
  return { ...usual, class: kind, effect, backoff };
}

function policyOf({ type, budget, coordinated, refusalForces, recheck }: Beginning): Policy {
  const options =
    type === 'stable-token' ? { allowForce: refusalForces, recheck: recheck ? 5 * MINUTE : 'off' } : {};
  return policyFor(type, { options, budget, coordinated });
}

import { setTimeout as delay } from 'node:timers/promises';
import { joinCredential } from '../../app/unit.ts';
import type { Subject } from '../../codec/details.ts';
import { type Config, type CredentialConfig, isFetched } from '../../config/config.ts';
import { ConfigError } from '../../config/config-error.ts';
import { CONCURRENCY, mapConcurrently } from '../../config/resolve/memoize.ts';
import { stateFolder } from '../../coordination/folder/state-folder.ts';
import { apply } from '../../core/apply.ts';
import { failureOf } from '../../core/failure.ts';
import { plan, type View } from '../../core/plan.ts';
import type { Clock, Unit } from '../../core/ports.ts';
import type { State } from '../../core/state.ts';
import { kubernetesOf } from '../../kubernetes/index.ts';
import { type Status, statusOf } from '../../observability/status/status.ts';
import { isFileTarget } from '../../publishers/file.ts';
import { publishers } from '../../publishers/kinds.ts';
import { prospect, withHindrances } from './expected-step.ts';
import { AS_DAEMON, eventOf, seeTarget, unseen } from './published.ts';
import { bestRecord, DRAW, storesOnDisk, watchedState, withGrace } from './replay.ts';

/**
 * How every credential stands, from what lies on the disk alone: the records in the state folder and the published
 * files. A Secret is none of that: whoever wants to know asks the daemon, and of a cluster or a mirror the files alone
 * tell. Nothing is created, locked or fetched, so it works beside a running daemon as beside a stopped one.
 * @throws {ConfigError} when it cannot be told which account a credential is of
 */
export async function statusOnDisk(config: Config, clock: Clock): Promise<readonly Status[]> {
  const statuses = await mapConcurrently(config.credentials, CONCURRENCY, (credential) =>
    credentialOnDisk(credential, config, clock),
  );
  return statuses.flat();
}

async function credentialOnDisk(
  credential: CredentialConfig,
  config: Config,
  clock: Clock,
): Promise<readonly Status[]> {
  const { stateDir, stateMode, stateGid } = config;
  const complaints: string[] = [];
  const access = { mode: stateMode, ...(stateGid !== undefined && { gid: stateGid }) };
  const folder = stateFolder(stateDir, access, clock, (message) => complaints.push(message));
  const createPublisher = publishers({ kubernetes: kubernetesOf({ clock }), clock });
  const onDisk = { ...credential, publish: credential.publish.filter(isFileTarget) };
  const stores = storesOnDisk(config, folder);
  const joined = await joinCredential(onDisk, { stores, clock, createPublisher }).catch((error: unknown) => {
    const what = failureOf(error, 'none').message;
    throw new ConfigError([{ where: credential.name, what }]);
  });
  const states = new Map<string, State>();
  const statuses: Status[] = [];
  for (const unit of joined.units) {
    const seen = await viewOnDisk(unit, credential, states, clock);
    states.set(unit.id, seen.state);
    const files = filesOfUnit(credential, unit);
    const { view, hindered } = await withHindrances(seen, files, stateDir, clock.now());
    const known = { ...withComplaint(view, complaints.splice(0)[0], clock), ...leaderOf(config, unit) };
    const now = clock.now();
    const status = statusOf(known, now);
    statuses.push({ ...status, next: prospect(known, status, hindered, now) });
  }
  await joined.close();
  return statuses;
}

/** Who that is only the daemon knows. */
function leaderOf({ cluster }: Config, { policy }: Unit): Pick<View, 'leader'> {
  return cluster && !policy.follows ? { leader: `whoever holds the Lease ${cluster.lease.name}` } : {};
}

function filesOfUnit({ publish }: Pick<CredentialConfig, 'publish'>, { kind }: Unit) {
  return publish.filter(isFileTarget).filter(({ of }) => of === kind);
}

/** A daemon writes the record and the files within less, ms. */
const MIDWAY = 250;

/** Looks once more where a daemon may be in the middle of a change. */
async function viewOnDisk(...at: Parameters<typeof lookOnce>): Promise<View> {
  const view = await lookOnce(...at);
  const { record, targets } = view.state;
  const newest = record.token?.generation;
  const isMidway =
    newest !== undefined && Object.values(targets).some(({ generation = newest }) => generation !== newest);
  if (!isMidway) return view;
  await delay(MIDWAY);
  return lookOnce(...at);
}

/** @param others what is known of the units before */
async function lookOnce(
  unit: Unit,
  credential: CredentialConfig,
  others: ReadonlyMap<string, State>,
  clock: Clock,
): Promise<View> {
  const { name, kind } = unit;
  const of = isFetched(credential) ? credential : { type: credential.type, appId: '' };
  const subject: Subject = { name, kind, type: of.type, appId: of.appId };
  // Of what a mirror holds only its source knows whose it is.
  const expected = isFetched(credential) ? subject : { kind };
  const files = filesOfUnit(credential, unit);
  const targets = await Promise.all(files.map((target) => seeTarget(target, expected)));
  const [stored, fingerprint] = await Promise.all([unit.store.read(), unit.fingerprint()]);

  const now = clock.now();
  const published = targets.flatMap(({ token }) => (token ? [token] : []));
  const record = bestRecord(unit.account, stored, published, now);
  let state = withGrace(watchedState(unit, record, fingerprint, now), unit.policy, now);
  for (const target of targets) {
    const event = eventOf(target, record?.token, subject, unit.policy, now);
    state = apply(state, event, { policy: unit.policy, now, random: DRAW });
  }
  const base = unit.base === undefined ? undefined : others.get(unit.base);
  return { unit, state, step: plan(state, unit.policy, now, base).step, busy: false };
}

/** Why the record cannot be used. Known too late to count in the plan: the daemon may well be able to. */
function withComplaint(view: View, complaint: string | undefined, clock: Clock): View {
  if (complaint === undefined) return view;
  const isDenied = /\b(EACCES|EPERM)\b/.test(complaint);
  const message = complaint.replace(/^ignoring /, 'cannot use ');
  const { failure } = unseen('record-unusable', message, isDenied ? AS_DAEMON : undefined);
  const context = { policy: view.unit.policy, now: clock.now(), random: DRAW };
  return { ...view, state: apply(view.state, { type: 'unstored', failure }, context) };
}

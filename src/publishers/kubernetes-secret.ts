import { type Details, decodeEntry, encodeEntry, type Subject, typeOf } from '../codec/details.ts';
import { fromBase64, toBase64 } from '../codec/encoding.ts';
import { detailsKeyOf } from '../codec/secret-layout.ts';
import type { Token } from '../core/credential.ts';
import type { Clock, Publisher } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import type { Decision, Kubernetes } from '../kubernetes/index.ts';
import { key, Namespace, ObjectName, SecretKey } from '../schema/values.ts';
import { formats } from './formats.ts';
import { type TargetConfig, targetKind } from './kind.ts';
import { createSecretSpace, type SecretSpace, spaceOf } from './secret-capacity.ts';

export interface SecretTarget extends TargetConfig {
  readonly namespace: string;
  readonly name: string;
  /** Holds the value; `KEY.json` beside it the details. */
  readonly key: string;
}

export interface SecretEdges {
  readonly kubernetes: Kubernetes;
  readonly space: SecretSpace;
  readonly clock: Clock;
}

/**
 * Publishes into two keys of a Secret, both in one patch. The keys of others are not touched, and a newer token is never
 * replaced, whoever wrote it.
 */
function secretPublisher(
  { namespace, name, key: value, format }: Omit<SecretTarget, 'of'>,
  subject: Subject,
  { kubernetes, space, clock }: SecretEdges,
): Publisher {
  const secret = { resource: 'secrets', namespace, name } as const;
  const detailsKey = detailsKeyOf(value);
  /** The details that this process wrote last: whatever we publish later is newer, clocks and counters or not. */
  let written: string | undefined;
  /** Those that we tried to write last, with an outcome that is not known: found there, they were written. */
  let tried: string | undefined;

  const contentOf = (token: Token) => toBase64(formats[format](token, subject));

  /** Whether what is there is ours or as good as ours, newer, or to be replaced. */
  function judge(
    data: Readonly<Record<string, string>>,
    token: Token,
    entry: string,
  ): 'same' | 'newer' | 'write' {
    const found = data[detailsKey];
    if (data[value] === contentOf(token) && found === entry) return 'same';
    if (found === undefined || found === written) return 'write';
    const stored = readable(found);
    if (!stored || stored.appId !== subject.appId || stored.type !== typeOf(subject)) return 'write';
    const precedence = precedenceOf(stored.token, token, clock.now().wall);
    if (precedence === 'newer') return 'newer';
    // The same token with the times of another daemon, whose clock is not ours, is not written to and fro.
    return precedence === 'same' && data[value] === contentOf(stored.token) ? 'same' : 'write';
  }

  return {
    id: `kubernetes-secret/${namespace}/${name}/${value}`,

    /**
     * Only what the configuration alone decides keeps the daemon from starting. What the cluster says may change at any
     * moment, in both directions: a Secret that is not there yet, rights that are not known yet or an API server that is
     * away must not take with them the files of the same daemon, so that is told when publishing fails, and tried again.
     */
    async prepare() {
      return [...(await kubernetes.problems()), ...space.problems(secret, value)];
    },

    async publish(token, isNewest) {
      const entry = toBase64(encodeEntry(token, subject));
      let superseded = false;
      const update = await kubernetes.updateSecret(secret, async ({ data = {} }): Promise<Decision> => {
        const verdict = judge(data, token, entry);
        if (verdict !== 'write') return { leave: verdict };
        superseded = !(await isNewest());
        if (superseded) return { leave: 'newer' };
        tried = entry;
        return { write: { data: { [value]: contentOf(token), [detailsKey]: entry } } };
      });
      if (update === 'newer') {
        // A look at the store brings the newer one, unless that is of another store: then there is nothing to do.
        return superseded || !(await isNewest()) ? 'superseded' : 'unchanged';
      }
      const isOurs = update === 'written' || tried === entry;
      written = entry;
      tried = undefined;
      return isOurs ? 'written' : 'unchanged';
    },
  };
}

/** What this program, or another one of its kind, wrote and nobody has changed since; all else is to be replaced. */
function readable(entry: string): Details | undefined {
  try {
    return decodeEntry(fromBase64(entry));
  } catch {
    return undefined;
  }
}

/** Hosts of one platform do not quite agree on the time, and tell it in whole seconds; ms. */
const SAME_TIME = 5 * SECOND;

/**
 * What a stored token is to ours. They need not come of the same store, whose generations order them: pods with state of
 * their own count each by itself. So the platform's own `Date` goes first, the one clock that all of them share, and
 * generations decide where that is the same or unknown.
 * @param wall epoch ms; only tells whether a stored token that is newer by its generation alone still lives
 */
export function precedenceOf(stored: Token, ours: Token, wall: number): 'newer' | 'same' | 'older' {
  if (stored.value.equals(ours.value)) return stored.generation >= ours.generation ? 'same' : 'older';
  const ahead = (stored.platformDate ?? Number.NaN) - (ours.platformDate ?? Number.NaN);
  // While ours lives, nobody can have fetched later than its end: what claims that would stand in the way for ever.
  if (ahead > SAME_TIME) return ahead <= ours.expiresIn * SECOND + SAME_TIME ? 'newer' : 'older';
  if (ahead < -SAME_TIME) return 'older';
  // The same by the clocks of daemons, where the platform told no time.
  if (stored.issuedAt > ours.expiresAt + SAME_TIME) return 'older';
  return stored.generation > ours.generation && stored.expiresAt > wall ? 'newer' : 'older';
}

interface SecretSettings extends TargetConfig {
  readonly namespace?: string;
  readonly name?: string;
  readonly key?: string;
}

/** Two keys of a Secret that others may use as well. */
export const secretKind = targetKind<SecretTarget>({
  type: 'kubernetes-secret',
  description: 'A key of a Kubernetes Secret. The keys of others in it are left alone.',
  options: {
    namespace: key(Namespace, 'Namespace of the Secret.'),
    name: key(
      ObjectName,
      'Name of the Secret. It has to be there, without data: the daemon does not create it.',
    ),
    key: key(SecretKey, 'Key in the Secret; the key KEY.json beside it holds the details.'),
  },
  required: ['namespace', 'name', 'key'],
  writesFiles: false,
  async resolve(settings, { at, isMissing }) {
    const { type, namespace, name, key: value, of, format } = settings as SecretSettings;
    isMissing([...at, 'namespace'], namespace, 'the namespace of the Secret');
    isMissing([...at, 'name'], name, 'the name of the Secret');
    isMissing([...at, 'key'], value, 'the key in the Secret that holds the value');
    if (namespace === undefined || name === undefined || value === undefined) return undefined;
    return { type, namespace, name, key: value, of, format };
  },
  idOf: ({ namespace, name, key: value }) => `kubernetes-secret/${namespace}/${name}/${value}`,
  places: ({ namespace, name, key: value }) =>
    [value, detailsKeyOf(value)].map((each) => ({
      words: `${each} in Secret ${namespace}/${name}`,
      secret: { namespace, name, key: each },
    })),
  inCluster: ({ namespace, name }) => `kubernetes-secret ${namespace}/${name}`,
  open({ kubernetes, clock }) {
    const space = createSecretSpace();
    return (target, subject) => {
      space.reserve(target, target.key, spaceOf(target.format, subject));
      return secretPublisher(target, subject, { kubernetes, space, clock });
    };
  },
  inspect: async (targets) => (await import('./secret-check.ts')).inspectSecrets(targets),
  probe: async (targets, asking) => (await import('./secret-check.ts')).probeSecrets(targets, asking),
});

import { type Details, decodeEntry, encodeEntry, type Subject, typeOf } from '../codec/details.ts';
import { fromBase64, toBase64 } from '../codec/encoding.ts';
import { detailsKeyOf } from '../codec/secret-layout.ts';
import type { Token } from '../core/credential.ts';
import type { Clock, Publisher } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import type { Decision, Kubernetes } from '../kubernetes/index.ts';
import { key, Namespace, ObjectName, SecretKey } from '../schema/values.ts';
import { formats } from './formats.ts';
import { targetKind } from './kind.ts';
import { bytesNeeded, createSecretCapacity, type SecretCapacity } from './secret-capacity.ts';
import type { SecretTarget } from './secret-target.ts';

/** What a publisher for a Secret needs from the rest of the program. */
export interface SecretEdges {
  readonly kubernetes: Kubernetes;
  readonly capacity: SecretCapacity;
  readonly clock: Clock;
}

/**
 * Creates a publisher that writes two keys of a Secret in one patch. It does not touch other keys, and it never
 * replaces a newer token, whoever wrote that.
 */
function secretPublisher(
  { namespace, name, key: value, format }: Omit<SecretTarget, 'of'>,
  subject: Subject,
  { kubernetes, capacity, clock }: SecretEdges,
): Publisher {
  const secret = { resource: 'secrets', namespace, name } as const;
  const detailsKey = detailsKeyOf(value);
  /**
   * The details (in base64) that this process wrote last. Whatever it publishes later is newer, whatever clocks and
   * generations say.
   */
  let written: string | undefined;
  /** The details whose write had an unknown outcome. If the Secret holds them later, that write succeeded. */
  let attempted: string | undefined;

  const contentOf = (token: Token) => toBase64(formats[format](token, subject));

  /**
   * Compares the content of the Secret with the token that is to be published: `same` if it is equal or as good,
   * `newer` if it must stay, `write` if it is to be replaced.
   */
  function compare(
    data: Readonly<Record<string, string>>,
    token: Token,
    entry: string,
  ): 'same' | 'newer' | 'write' {
    const found = data[detailsKey];
    if (data[value] === contentOf(token) && found === entry) return 'same';
    if (found === undefined || found === written) return 'write';
    const stored = decodeStored(found);
    if (!stored || stored.appId !== subject.appId || stored.type !== typeOf(subject)) return 'write';
    const precedence = precedenceOf(stored.token, token, clock.now().wall);
    if (precedence === 'newer') return 'newer';
    // The same token with the times of another daemon, whose clock differs from ours, is left alone: otherwise two
    // daemons would overwrite each other for ever.
    return precedence === 'same' && data[value] === contentOf(stored.token) ? 'same' : 'write';
  }

  return {
    id: `kubernetes-secret/${namespace}/${name}/${value}`,

    /**
     * Only problems that the configuration alone decides keep the daemon from starting. The state of the cluster may
     * change at any moment, in both directions: a missing Secret, missing rights or an unreachable API server must
     * not stop the files of the same daemon from being published. Such problems are reported when publishing fails,
     * and publishing is attempted again.
     */
    async prepare() {
      return [...(await kubernetes.problems()), ...capacity.problems(secret, value)];
    },

    async publish(token, isNewest) {
      const entry = toBase64(encodeEntry(token, subject));
      let superseded = false;
      const update = await kubernetes.updateSecret(secret, async ({ data = {} }): Promise<Decision> => {
        const verdict = compare(data, token, entry);
        if (verdict !== 'write') return { leave: verdict };
        superseded = !(await isNewest());
        if (superseded) return { leave: 'newer' };
        attempted = entry;
        return { write: { data: { [value]: contentOf(token), [detailsKey]: entry } } };
      });
      if (update === 'newer') {
        // If the newer token comes from our store, reading the store brings it. If it comes from another store, there
        // is nothing to do.
        return superseded || !(await isNewest()) ? 'superseded' : 'unchanged';
      }
      const isOurs = update === 'written' || attempted === entry;
      written = entry;
      attempted = undefined;
      return isOurs ? 'written' : 'unchanged';
    },
  };
}

/**
 * Decodes details that this program, or another instance of it, wrote and nobody has changed since. Anything else
 * yields undefined and is to be replaced.
 */
function decodeStored(entry: string): Details | undefined {
  try {
    return decodeEntry(fromBase64(entry));
  } catch {
    return undefined;
  }
}

/**
 * Tolerance for comparing `Date` headers, in ms: hosts of one platform disagree slightly, and the header counts whole
 * seconds.
 */
const SAME_TIME = 5 * SECOND;

/**
 * Compares a stored token with ours. The two may come from different stores, whose generations are unrelated: pods
 * with private state count separately. So the `Date` of the platform decides first, the one clock that all daemons
 * share; generations decide if the dates are equal or unknown.
 * @param wall epoch ms; tells only whether a stored token that is newer by its generation alone is still alive
 * @returns what the stored token is in relation to ours
 */
export function precedenceOf(stored: Token, ours: Token, wall: number): 'newer' | 'same' | 'older' {
  if (stored.value.equals(ours.value)) return stored.generation >= ours.generation ? 'same' : 'older';
  const ahead = (stored.platformDate ?? Number.NaN) - (ours.platformDate ?? Number.NaN);
  // While our token is alive, no daemon can have fetched one after its end. A stored token that claims so would block
  // ours for ever.
  if (ahead > SAME_TIME) return ahead <= ours.expiresIn * SECOND + SAME_TIME ? 'newer' : 'older';
  if (ahead < -SAME_TIME) return 'older';
  // The same check by the clocks of the daemons, for tokens without a date of the platform.
  if (stored.issuedAt > ours.expiresAt + SAME_TIME) return 'older';
  return stored.generation > ours.generation && stored.expiresAt > wall ? 'newer' : 'older';
}

const options = {
  namespace: key(Namespace, 'Namespace of the Secret.'),
  name: key(
    ObjectName,
    'Name of the Secret. It has to be there, without data: the daemon does not create it.',
  ),
  key: key(SecretKey, 'Key in the Secret; the key KEY.json beside it holds the details.'),
};

/** The kind of target that is a key of a Kubernetes Secret, which other programs may use as well. */
export const secretKind = targetKind<typeof options, SecretTarget>({
  type: 'kubernetes-secret',
  description: 'A key of a Kubernetes Secret. The keys of others in it are left alone.',
  options,
  required: ['namespace', 'name', 'key'],
  writesFiles: false,
  async resolve(settings, { at, isMissing }) {
    const { type, namespace, name, key: value, of, format } = settings;
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
    const capacity = createSecretCapacity();
    return (target, subject) => {
      capacity.reserve(target, target.key, bytesNeeded(target.format, subject));
      return secretPublisher(target, subject, { kubernetes, capacity, clock });
    };
  },
  inspect: async (targets) => (await import('./secret-check.ts')).inspectSecrets(targets),
  probe: async (targets, tools) => (await import('./secret-check.ts')).probeSecrets(targets, tools),
});

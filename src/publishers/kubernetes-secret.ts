import { type Details, decodeEntry, encodeEntry, type Subject } from '../codec/details.ts';
import { fromBase64, toBase64 } from '../codec/encoding.ts';
import { detailsKeyOf } from '../codec/secret-layout.ts';
import type { Token } from '../core/credential.ts';
import type { Judge, Publisher } from '../core/ports.ts';
import type { Published } from '../core/published.ts';
import type { Text } from '../core/text.ts';
import { SECOND } from '../core/time.ts';
import type { Decision, Kubernetes } from '../kubernetes/index.ts';
import { key } from '../schema/blocks.ts';
import { Namespace, ObjectName, SecretKey } from '../schema/values.ts';
import { formats } from './formats.ts';
import { targetKind } from './kind.ts';
import { publishedOf } from './published-file.ts';
import { bytesNeeded, createSecretCapacity, type SecretCapacity } from './secret-capacity.ts';
import type { SecretTarget } from './secret-target.ts';
import { filledIn, fillingsOf } from './templates.ts';

/** How long the first look at a Secret may hold up what comes after it, ms. */
const PATIENCE = 2 * SECOND;

/** What a publisher for a Secret needs from the rest of the program. */
export interface SecretEdges {
  readonly kubernetes: Kubernetes;
  readonly capacity: SecretCapacity;
}

/**
 * Creates a publisher that writes two keys of a Secret in one patch. It does not touch other keys, and it never
 * replaces a newer token, whoever wrote that.
 */
function secretPublisher(
  { namespace, name, key: value, format }: Omit<SecretTarget, 'of'>,
  subject: Subject,
  { kubernetes, capacity }: SecretEdges,
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
   * `write` if it is to be replaced; or the newer token that is there and must stay.
   */
  function compare(
    data: Readonly<Record<string, string>>,
    token: Token,
    entry: string,
    judge: Judge,
  ): 'same' | 'write' | Published {
    const found = data[detailsKey];
    if (data[value] === contentOf(token) && found === entry) return 'same';
    if (found === undefined || found === written) return 'write';
    const held = publishedIn(found);
    if (!held) return 'write';
    const precedence = judge.weigh(held);
    if (precedence === 'newer') return held;
    // The same token with the times of another daemon, whose clock differs from ours, is left alone: otherwise two
    // daemons would overwrite each other for ever.
    return precedence === 'same' && data[value] === contentOf(held.token) ? 'same' : 'write';
  }

  /** The token of this account that details (in base64) describe. */
  function publishedIn(entry: string): Published | undefined {
    const stored = decodeStored(entry);
    return stored && publishedOf(stored, subject);
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

    tellsAll: true,

    async retire() {
      let removed: readonly string[] = [];
      await kubernetes.updateSecret(secret, async ({ data = {} }, again): Promise<Decision> => {
        const entry = data[detailsKey];
        // A removal whose answer was lost has been made.
        if (again && entry === undefined && data[value] === undefined) return { leave: 'same' };
        removed = [];
        const held = entry === undefined ? undefined : publishedIn(entry);
        const isOthers = data[value] !== undefined && held && data[value] !== contentOf(held.token);
        if (!held || held.isBare || isOthers) return { leave: 'same' };
        const keys = [value, detailsKey].filter((each) => data[each] !== undefined);
        removed = keys.map((each) => wordsOf({ namespace, name }, each).en);
        return { write: { data: Object.fromEntries(keys.map((each) => [each, null])) } };
      });
      written = undefined;
      capacity.release(secret, value);
      return removed;
    },

    async published() {
      let found: string | undefined;
      const look = kubernetes.updateSecret(secret, async ({ data }): Promise<Decision> => {
        found = data?.[detailsKey];
        return { leave: 'same' };
      });
      const late = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE).unref());
      // An API server that hangs must not hold up the first fetch: then the comparison comes with the first write.
      await Promise.race([look.catch(() => {}), late]);
      return found === undefined ? undefined : publishedIn(found);
    },

    async publish(token, judge) {
      const entry = toBase64(encodeEntry(token, subject));
      let superseded = false;
      let newer: Published | undefined;
      /** Whether readers get another value: that its details were mended is no news to them. */
      let isNews = false;
      const update = await kubernetes.updateSecret(secret, async ({ data = {} }): Promise<Decision> => {
        const verdict = compare(data, token, entry, judge);
        newer = typeof verdict === 'object' ? verdict : undefined;
        if (verdict === 'same') return { leave: 'same' };
        superseded = !(await judge.isNewest());
        if (superseded || verdict !== 'write') return { leave: 'newer' };
        isNews = data[value] !== contentOf(token);
        attempted = entry;
        return { write: { data: { [value]: contentOf(token), [detailsKey]: entry } } };
      });
      if (update === 'newer') return superseded || !newer ? 'superseded' : newer;
      const isOurs = update === 'written' || attempted === entry;
      written = entry;
      attempted = undefined;
      if (update === 'written' && !isNews) return 'mended';
      return isOurs ? 'written' : 'unchanged';
    },
  };
}

/** Names a key for people. */
function wordsOf({ namespace, name }: Pick<SecretTarget, 'namespace' | 'name'>, key: string): Text {
  return { en: `${key} in Secret ${namespace}/${name}`, zh: `Secret ${namespace}/${name} 里的 ${key}` };
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

const options = {
  namespace: key(Namespace, 'Namespace of the Secret.'),
  name: key(
    ObjectName,
    'Name of the Secret. It has to be there, without data: the daemon does not create it.',
  ),
  key: key(
    SecretKey,
    'Key in the Secret, with {appId}, {corpId} and {name} filled in; the key KEY.json beside it holds the details.',
  ),
};

/** The kind of target that is a key of a Kubernetes Secret, which other programs may use as well. */
export const secretKind = targetKind<typeof options, SecretTarget>({
  type: 'kubernetes-secret',
  description: 'A key of a Kubernetes Secret. The keys of others in it are left alone.',
  options,
  required: ['namespace', 'name', 'key'],
  writesFiles: false,
  async resolve(settings, { at, isMissing, complain, owner, name: called }) {
    const { type, namespace, name, key: template, of, format } = settings;
    const { key: value, problem } =
      template === undefined ? {} : filledIn(template, fillingsOf({ name: called, ...(owner && { owner }) }));
    if (problem !== undefined) complain([...at, 'key'], problem);
    isMissing([...at, 'namespace'], namespace, {
      en: 'the namespace of the Secret',
      zh: 'Secret 所在的命名空间',
    });
    isMissing([...at, 'name'], name, { en: 'the name of the Secret', zh: 'Secret 的名称' });
    isMissing([...at, 'key'], template, {
      en: 'the key in the Secret that holds the value',
      zh: 'Secret 里存放值的键',
    });
    if (namespace === undefined || name === undefined || value === undefined) return undefined;
    return { type, namespace, name, key: value, of, format };
  },
  idOf: ({ namespace, name, key: value }) => `kubernetes-secret/${namespace}/${name}/${value}`,
  places: ({ namespace, name, key: value }) =>
    [value, detailsKeyOf(value)].map((each) => ({
      words: wordsOf({ namespace, name }, each),
      secret: { namespace, name, key: each },
    })),
  inCluster: ({ namespace, name }) => `kubernetes-secret ${namespace}/${name}`,
  open({ kubernetes }) {
    const capacity = createSecretCapacity();
    return (target, subject) => {
      capacity.reserve(target, target.key, bytesNeeded(target.format, subject));
      return secretPublisher(target, subject, { kubernetes, capacity });
    };
  },
  inspect: async (targets) => (await import('./secret-check.ts')).inspectSecrets(targets),
  probed: 'cluster',
  probe: async (targets, tools) => (await import('./secret-check.ts')).probeSecrets(targets, tools),
});

import type { ClusterEvent } from '../core/cluster-event.ts';
import type { Failure } from '../core/failure.ts';
import type { Clock } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import { inWords, type ObjectName } from '../kubernetes/resources.ts';
import { type NamedWatch, watchNamed } from '../kubernetes/watch-named.ts';
import { createPause } from '../system/pause.ts';
import type { StoredSecret } from './newest.ts';

/** Keeps what is known of a Secret up to date: by a watch, and by a look now and then, should the watch be deaf. */
export interface SecretWatch {
  /** The server answers again. */
  recovered(): void;
  /** Resolves after the signal, when nothing is told any more. */
  readonly ended: Promise<void>;
}

export interface SecretWatchOptions {
  readonly kubernetes: Kubernetes;
  readonly object: ObjectName<'secrets'>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly report: (event: ClusterEvent) => void;
  readonly signal: AbortSignal;
  /** Reads it. */
  readonly look: () => Promise<unknown>;
  /** Why the last look failed. */
  readonly failure: () => Failure | undefined;
  readonly onObject: (object: StoredSecret) => void;
  readonly onGone: (last: StoredSecret) => void;
}

/** Between two looks while a watch tells of changes, and where none does; ms. */
const NET = 30 * SECOND;
const POLL = 2 * SECOND;

/** The same while nobody answers: to be there soon after the server is costs it nothing until then; ms. */
const KNOCK = 0.3 * SECOND;
const SILENT = /^kube-(unreachable|timeout|cut)$/;

export function keepWatching(options: SecretWatchOptions): SecretWatch {
  const { kubernetes, object, clock, random, report, signal, look, failure, onObject, onGone } = options;
  const pause = createPause();
  let watch: NamedWatch | undefined;
  signal.addEventListener('abort', pause.end);

  function watchIn(client: KubernetesClient): NamedWatch {
    return watchNamed(client, object, {
      ...{ clock, random, signal, onObject, onGone },
      onTrouble(why) {
        // A look tells whether it is the server or the watch alone, and what else is wrong.
        if (why.class === 'refused') report({ type: 'trouble', object: inWords(object), failure: why });
        pause.end();
      },
    });
  }

  function untilNext(): number {
    if (SILENT.test(failure()?.code ?? '')) return KNOCK * (1 + random());
    return watch?.state().open ? NET : POLL * (1 + random());
  }

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      await look().catch(() => {});
      if (signal.aborted) break;
      watch ??= await kubernetes.client().then(watchIn, () => undefined);
      await pause.for(untilNext());
    }
    await watch?.ended;
  }

  return { recovered: () => watch?.reopen(), ended: keep() };
}

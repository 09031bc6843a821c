import type * as v from 'valibot';
import { key, mapping, preset } from '../../schema/blocks.ts';
import { Duration, Name, Namespace, ObjectName } from '../../schema/values.ts';

const NAMESPACE = 'Its namespace. Default: that of the pod, or of the context of KUBECONFIG.';

/** Schema of `cluster`: the Lease and the Secret that the daemons of a cluster share. */
export const Cluster = mapping(
  {
    lease: key(
      mapping(
        {
          namespace: key(Namespace, NAMESPACE),
          name: key(ObjectName, 'Name of the Lease. It has to be there, without spec.'),
          duration: preset(Duration, 'How long a Lease that is not renewed belongs to its holder.', '15s'),
          renewDeadline: preset(
            Duration,
            'How long a holder that cannot renew it goes on; shorter than duration.',
            '10s',
          ),
          retryPeriod: preset(Duration, 'Between two renewals; several of them go into renewDeadline.', '2s'),
        },
        ['name'],
      ),
      'The Lease that elects the one daemon that refreshes for all.',
    ),
    secret: key(
      mapping(
        {
          namespace: key(Namespace, NAMESPACE),
          name: key(ObjectName, 'Name of the Secret. It has to be there, without data.'),
        },
        ['name'],
      ),
      'The Secret in which that one keeps the credentials, for all others to take up.',
    ),
  },
  ['lease', 'secret'],
);

/** Schema of `from`: where a mirror reads. */
export const Mirrored = mapping(
  {
    kubernetesSecret: key(
      mapping(
        {
          namespace: key(Namespace, NAMESPACE),
          name: key(ObjectName, 'Name of the Secret.'),
          credential: key(Name, 'Name of the credential in it.'),
        },
        ['name', 'credential'],
      ),
      'The Secret that another daemon writes.',
    ),
  },
  ['kubernetesSecret'],
);

/** The valid values of `cluster`, durations in ms. */
export type ClusterSettings = v.InferOutput<typeof Cluster>;

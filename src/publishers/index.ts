import type { Subject } from '../codec/details.ts';
import type { Clock, Publisher } from '../core/ports.ts';
import type { Kubernetes } from '../kubernetes/index.ts';
import { type FileTarget, filePublisher } from './file.ts';
import { type SecretTarget, secretPublisher } from './kubernetes-secret.ts';
import { createSecretSpace, spaceOf } from './secret-capacity.ts';

/** Everything a credential can be published to. */
export type Target = FileTarget | SecretTarget;

export type CreatePublisher = (target: Target, subject: Subject) => Publisher;

export interface PublisherEdges {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
}

/** A new kind of target is one file in this folder and one case here. */
export function publishers({ kubernetes, clock }: PublisherEdges): CreatePublisher {
  const space = createSecretSpace();
  return (target, subject) => {
    switch (target.type) {
      case 'file':
        return filePublisher(target, subject);
      case 'kubernetes-secret':
        space.reserve(target, target.key, spaceOf(target.format, subject));
        return secretPublisher(target, subject, { kubernetes, space, clock });
    }
  };
}

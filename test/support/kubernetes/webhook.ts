import { Refusal } from './status.ts';

/** A validating webhook with `failurePolicy: Fail`, which is asked before anything is stored. */
export interface Webhook {
  /** As its configuration calls it: `guard.example.com`. */
  readonly name: string;
  /** Plurals of resources whose changes it is asked about. */
  readonly resources: readonly string[];
  /**
   * - `down`: nobody listens at its address
   * - `hang`: it accepts and says nothing, until the API server gives it up
   * - `slow`: it allows the change at the end of its time
   * - `deny`: it says no, with `says`
   */
  readonly does: 'down' | 'hang' | 'slow' | 'deny';
  /** How long the API server waits for it, ms; real ones wait for 10 s unless they are told otherwise. */
  readonly timeout?: number;
  /** What it denies with, as its AdmissionReview has it; a code below 400 becomes 400. */
  readonly says?: { readonly code?: number; readonly reason?: string; readonly message?: string };
}

/** What comes of asking it: nothing where it allows the change, and after how many ms. */
export interface Verdict {
  readonly after: number;
  readonly refusal?: Refusal;
}

export function verdictOf(webhook: Webhook): Verdict {
  const { does, timeout = 10_000 } = webhook;
  switch (does) {
    case 'down':
      return {
        after: 0,
        refusal: uncallable(webhook, 'dial tcp 10.96.12.7:443: connect: connection refused'),
      };
    case 'hang':
      return { after: timeout, refusal: uncallable(webhook, 'context deadline exceeded') };
    case 'slow':
      return { after: timeout };
    case 'deny':
      return { after: 0, refusal: denied(webhook) };
  }
}

/** `ErrCallingWebhook` within `NewInternalError`, of k8s.io/apiserver and k8s.io/apimachinery 1.36. */
function uncallable({ name, timeout = 10_000 }: Webhook, why: string): Refusal {
  const url = `https://guard.webhooks.svc:443/validate?timeout=${Math.ceil(timeout / 1_000)}s`;
  const message = `failed calling webhook "${name}": failed to call webhook: Post "${url}": ${why}`;
  return new Refusal(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] });
}

/** `ToStatusErr` of k8s.io/apiserver 1.36: what the webhook said, with its name before it and without details. */
function denied({ name, says = {} }: Webhook): Refusal {
  const { code = 0, reason = '', message = '' } = says;
  const by = `admission webhook "${name}" denied the request`;
  const why = message || reason;
  return new Refusal(Math.max(400, code), reason, why ? `${by}: ${why}` : `${by} without explanation`);
}

import type { FailureDetails } from './api-errors.ts';

/**
 * What stands between a write and the store of an API server: policies and webhooks of the cluster. Both are asked
 * before anything is stored, so what they keep out was certainly not written.
 */
export type Admission =
  /** `what` said no. */
  | { readonly kind: 'denied'; readonly what: Named }
  /** The webhook could not be asked, and its `failurePolicy` is `Fail`. */
  | { readonly kind: 'unasked'; readonly webhook: string; readonly why?: string };

type Named = { readonly policy: string } | { readonly webhook: string };

/**
 * The command that shows whose a webhook is. It is for an administrator: webhooks belong to the whole cluster, and the
 * daemon may not read them.
 */
const SHOW = 'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations -o yaml';

/** Advice for a write that was not answered although the API server answers. */
export const HANGING_WEBHOOK = `if reads are answered meanwhile, a webhook may hang that is asked about every write (${SHOW})`;

/** Names of webhooks and policies are DNS names, so they hold nothing secret. */
const DENIED_BY_POLICY = /\bValidatingAdmissionPolicy '([a-z0-9.-]{1,253})'.*\bdenied\b/s;
const DENIED_BY_WEBHOOK = /\badmission webhook "([a-z0-9.-]{1,253})" denied\b/;
const UNASKED = /\bfailed calling webhook "([a-z0-9.-]{1,253})"/;

/** Why a webhook could not be asked, in words that a message may repeat: the rest of the text may hold anything. */
const REASONS =
  /\bconnection refused\b|\bcontext deadline exceeded\b|\bno endpoints available\b|\bno such host\b|\bi\/o timeout\b|\bno route to host\b|\bservice "[a-z0-9.-]{1,63}" not found|\bx509: certificate [a-z ,]{1,80}/;

/**
 * Reads from the message of an API server's error what kept a write out: `ToStatusErr` and `ErrCallingWebhook` of
 * k8s.io/apiserver, 1.20 to 1.36.
 * @returns undefined when it was something else
 */
export function admissionIn(message: string): Admission | undefined {
  const policy = DENIED_BY_POLICY.exec(message)?.[1];
  if (policy !== undefined) return { kind: 'denied', what: { policy } };
  const denier = DENIED_BY_WEBHOOK.exec(message)?.[1];
  if (denier !== undefined) return { kind: 'denied', what: { webhook: denier } };
  const webhook = UNASKED.exec(message)?.[1];
  if (webhook === undefined) return undefined;
  const [why] = REASONS.exec(message) ?? [];
  return { kind: 'unasked', webhook, ...(why !== undefined && { why }) };
}

/**
 * What a person is told of it.
 * @param what the object, as `objectLabel` names it
 */
export function admissionFailure(what: string, admission: Admission): FailureDetails {
  if (admission.kind === 'unasked') {
    const { webhook, why } = admission;
    return {
      code: 'kube-webhook',
      message: `the API server could not ask the webhook ${webhook} about the change of the ${what}${why ? `: ${why}` : ''}`,
      advice:
        `nothing that it is asked about is written until it answers: bring its pods up, or let its configuration leave ` +
        `this object out; ${SHOW} shows whose it is`,
    };
  }
  if ('policy' in admission.what) {
    return {
      class: 'refused',
      code: 'kube-denied',
      message: `a policy of the cluster denies the change of the ${what}: ${admission.what.policy}`,
      advice: 'ask those who keep that policy to let the daemon change this object',
    };
  }
  return {
    class: 'refused',
    code: 'kube-denied',
    message: `a webhook of the cluster denies the change of the ${what}: ${admission.what.webhook}`,
    advice: `ask those who keep that webhook to let the daemon change this object; ${SHOW} shows whose it is`,
  };
}

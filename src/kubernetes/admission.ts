import type { Text } from '../core/text.ts';
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
export const HANGING_WEBHOOK: Text = {
  en: `if reads are answered meanwhile, a webhook may hang that is asked about every write (${SHOW})`,
  zh: `如果这时读取有应答，可能是某个对每次写入都要询问的 webhook 卡住了（${SHOW}）`,
};

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
      message: {
        en: `the API server could not ask the webhook ${webhook} about the change of the ${what}${why ? `: ${why}` : ''}`,
        zh: `API server 无法就 ${what} 的更改询问 webhook ${webhook}${why ? `：${why}` : ''}`,
      },
      advice: {
        en:
          `nothing that it is asked about is written until it answers: bring its pods up, or let its configuration leave ` +
          `this object out; ${SHOW} shows whose it is`,
        zh: `在它应答之前，凡是要询问它的内容都不会写入：让它的 Pod 恢复运行，或者让它的配置不再涉及该对象；${SHOW} 可以看出它是谁的`,
      },
    };
  }
  if ('policy' in admission.what) {
    return {
      class: 'refused',
      code: 'kube-denied',
      message: {
        en: `a policy of the cluster denies the change of the ${what}: ${admission.what.policy}`,
        zh: `集群的策略拒绝更改 ${what}：${admission.what.policy}`,
      },
      advice: {
        en: 'ask those who keep that policy to let the daemon change this object',
        zh: '请维护该策略的人允许守护进程更改这个对象',
      },
    };
  }
  return {
    class: 'refused',
    code: 'kube-denied',
    message: {
      en: `a webhook of the cluster denies the change of the ${what}: ${admission.what.webhook}`,
      zh: `集群的 webhook 拒绝更改 ${what}：${admission.what.webhook}`,
    },
    advice: {
      en: `ask those who keep that webhook to let the daemon change this object; ${SHOW} shows whose it is`,
      zh: `请维护该 webhook 的人允许守护进程更改这个对象；${SHOW} 可以看出它是谁的`,
    },
  };
}

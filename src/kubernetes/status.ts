/**
 * What an API server says of a request that it did not fulfil (`meta/v1` Status), as far as it may be repeated. Its
 * `message` is not: that of a 422 can hold a whole Secret in base64.
 */
export interface ApiStatus {
  /** `Conflict`, `Forbidden` …; absent where something else answered. */
  readonly reason?: string;
  /** What is wrong where: `data`, with `FieldValueForbidden`. */
  readonly causes: readonly { readonly reason?: string; readonly field?: string }[];
  /** As whom we were refused, where it says so. */
  readonly user?: string;
  /** The policy or webhook that denied it. */
  readonly policy?: string;
  readonly denied: boolean;
}

/** Longer ones are no words. */
const WORD = /^[\w.[\]-]{1,128}$/;

export function readStatus(text: string): ApiStatus {
  const status = asRecord(parseJson(text));
  const message = typeof status['message'] === 'string' ? status['message'] : '';
  const reason = wordOf(status['reason']);
  const causes = asRecord(status['details'])['causes'];
  const [, user] = /\bUser "([\w.:@-]{1,256})" cannot /.exec(message) ?? [];
  const [, policy, webhook = policy] =
    /\bValidatingAdmissionPolicy '([a-z0-9.-]{1,253})'|\badmission webhook "([a-z0-9.-]{1,253})"/.exec(
      message,
    ) ?? [];
  return {
    ...(reason !== undefined && { reason }),
    causes: Array.isArray(causes) ? causes.map(readCause) : [],
    ...(user !== undefined && { user }),
    ...(webhook !== undefined && { policy: webhook }),
    denied: webhook !== undefined && /\bdenied\b/.test(message),
  };
}

function readCause(cause: unknown): ApiStatus['causes'][number] {
  const { reason, field } = asRecord(cause);
  const [why, where] = [wordOf(reason), wordOf(field)];
  return { ...(why !== undefined && { reason: why }), ...(where !== undefined && { field: where }) };
}

function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' && WORD.test(value) ? value : undefined;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

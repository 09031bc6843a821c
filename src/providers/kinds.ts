import type { Budget } from '../core/budget.ts';
import type { Policy } from '../core/policy.ts';
import { accessToken } from './access-token.ts';
import type { CredentialKind } from './kind.ts';
import { stableToken } from './stable-token.ts';
import { wecom } from './wecom.ts';

/** Every type of credential; the first is the default. A new one is one file in this folder and one line here. */
export const credentialKinds: readonly [CredentialKind, ...CredentialKind[]] = [
  stableToken,
  accessToken,
  wecom,
];

const byType: ReadonlyMap<string, CredentialKind> = new Map(
  credentialKinds.map((kind): [string, CredentialKind] => [kind.type, kind]),
);

export const [DEFAULT_KIND] = credentialKinds;

/** Every ticket of some type. */
export const ALL_TICKETS: readonly string[] = [...new Set(credentialKinds.flatMap(({ tickets }) => tickets))];

/** @throws {TypeError} for a type that there is not: the schema of the configuration lets none pass */
export function kindOf(type: string): CredentialKind {
  const kind = byType.get(type);
  if (!kind) throw new TypeError(`there is no type of credential called ${type}`);
  return kind;
}

/** How the loop has to treat a credential that is configured so. */
export function policyOf(credential: {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly budget: Budget;
  readonly coordinated: boolean;
}): Policy {
  return kindOf(credential.type).policy(credential.options, credential);
}

import type { Budget } from '../core/budget.ts';
import type { Policy } from '../core/policy.ts';
import { accessToken } from './access-token.ts';
import type { CredentialKind } from './kind.ts';
import { qqBot } from './qq-bot.ts';
import { stableToken } from './stable-token.ts';
import { wecom } from './wecom.ts';
import { wecomProvider } from './wecom-provider.ts';

/**
 * Every type of credential; the first is the default. To add one, write one file in this folder and add one line
 * here.
 */
export const credentialKinds: readonly [CredentialKind, ...CredentialKind[]] = [
  stableToken,
  accessToken,
  wecom,
  wecomProvider,
  qqBot,
];

const byType: ReadonlyMap<string, CredentialKind> = new Map(
  credentialKinds.map((kind): [string, CredentialKind] => [kind.type, kind]),
);

/** The type of a credential that is configured without one. */
export const [DEFAULT_KIND] = credentialKinds;

/** Every ticket of some type. */
export const ALL_TICKETS: readonly string[] = [...new Set(credentialKinds.flatMap(({ tickets }) => tickets))];

/**
 * Returns the kind of a type.
 * @throws {TypeError} for an unknown type, which the schema of the configuration rejects
 */
export function kindOf(type: string): CredentialKind {
  const kind = byType.get(type);
  if (!kind) throw new TypeError(`there is no type of credential called ${type}`);
  return kind;
}

/** Returns how the loop treats a configured credential. */
export function policyOf(credential: {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly budget: Budget;
  readonly coordinated: boolean;
}): Policy {
  return kindOf(credential.type).policy(credential.options, credential);
}

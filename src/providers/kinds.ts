import { sha256 } from '../codec/encoding.ts';
import type { Budget } from '../core/budget.ts';
import type { Policy } from '../core/policy.ts';
import { accessToken } from './access-token.ts';
import { authorizer } from './authorizer.ts';
import { component } from './component.ts';
import type { CredentialKind } from './kind.ts';
import { qqBot } from './qq-bot.ts';
import { stableToken } from './stable-token.ts';
import { wecom } from './wecom.ts';
import { wecomCorp } from './wecom-corp.ts';
import { wecomProvider } from './wecom-provider.ts';
import { wecomSuite } from './wecom-suite.ts';

/**
 * Every type of credential; the first is the default. To add one, write one file in this folder and add one line
 * here.
 */
export const credentialKinds: readonly [CredentialKind, ...CredentialKind[]] = [
  stableToken,
  accessToken,
  wecom,
  component,
  authorizer,
  wecomProvider,
  wecomSuite,
  wecomCorp,
  qqBot,
];

const byType: ReadonlyMap<string, CredentialKind> = new Map(
  credentialKinds.map((kind): [string, CredentialKind] => [kind.type, kind]),
);

/** The type of a credential that is configured without one. */
export const [DEFAULT_KIND] = credentialKinds;

/** The kinds of which many accounts can be served by one entry of the configuration, by the type of such an entry. */
export const manyKinds: ReadonlyMap<string, CredentialKind & Required<Pick<CredentialKind, 'many'>>> =
  new Map(
    credentialKinds.flatMap(({ many, ...kind }) => (many ? [[many.type, { ...kind, many }] as const] : [])),
  );

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

/**
 * Names whose token a credential is, as accounts name it: the AppID; of an account that is fetched through a third party
 * also the id of that. Where upper and lower case count, a hash keeps apart what a file system may take for one name.
 */
export function ownerOf({
  type,
  appId,
  via,
}: {
  readonly type: string;
  readonly appId: string;
  readonly via?: { readonly appId: string };
}): string {
  const owner = via ? `${via.appId}/${appId}` : appId;
  return kindOf(type).caseSensitive ? `${owner}/${sha256(owner).slice(0, 8)}` : owner;
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

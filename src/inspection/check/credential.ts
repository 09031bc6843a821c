import { type CredentialConfig, type FetchedConfig, isFetched } from '../../config/config.ts';
import { warningsOf } from '../../config/validate/warnings.ts';
import type { Findings } from '../../core/findings.ts';
import type { PushedTicket } from '../../core/pushed-ticket.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import { kindOf, policyOf } from '../../providers/index.ts';
import { byKind } from '../../publishers/kinds.ts';
import type { TcpAddress } from '../../system/net/address.ts';
import type { HostContext } from '../../system/process/host-context.ts';
import { systemClock } from '../../system/time/clock.ts';
import { inspectSource } from './cluster.ts';
import { mergeFindings } from './findings.ts';
import { inspectNotify } from './notify.ts';
import { inspectPlatform } from './platform.ts';
import { inspectSecret } from './secret.ts';
import { inspectThirdParty } from './third-party.ts';

/** What is known beside the credential itself. */
export interface Surroundings {
  readonly isStateShared: boolean;
  readonly host: HostContext;
  /** Where pushes are received; absent: nowhere. */
  readonly receiver?: TcpAddress;
  /** The pushed tickets that daemons keep, by the names of their credentials; absent: nobody has looked. */
  readonly tickets?: ReadonlyMap<string, PushedTicket>;
}

/** Describes one credential and everything that it points at, without sending requests. */
export async function inspectCredential(
  credential: CredentialConfig,
  { isStateShared, host, receiver, tickets }: Surroundings,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Findings> {
  const [targets, notify] = await Promise.all([
    Promise.all(byKind(credential.publish).map(([kind, own]) => kind.inspect(own, host))),
    inspectNotify(credential.notify),
  ]);
  const warnings: Findings = { facts: [], warnings: warningsOf(credential) };
  if (!isFetched(credential)) {
    return mergeFindings(inspectSource(credential), warnings, ...targets, notify);
  }
  return mergeFindings(
    inspectPlatform(credential.platform, environment),
    describeRefresh(credential),
    warnings,
    await inspectSecret(credential.secret, host),
    await inspectThirdParty(credential, { clock: systemClock, host, receiver, tickets }),
    ...targets,
    notify,
    warnOfOtherDaemons(credential, isStateShared),
  );
}

/** Describes when a credential is refreshed and how often at most. */
function describeRefresh(credential: FetchedConfig): Findings {
  const { fetchesPerDay, forcedPerDay } = credential.budget;
  const { repeats, window, manual } = policyOf(credential);
  // A token that the platform repeats until it expires has no window of its own.
  const before = durationText(window);
  const when: Text = repeats
    ? { en: 'when it ends', zh: '过期时' }
    : { en: en`${before} before its end`, zh: zh`过期前 ${before}` };
  const forced: Text =
    manual === 'ordinary'
      ? verbatim('')
      : { en: ` and ${forcedPerDay} forced refreshes`, zh: `、强制刷新 ${forcedPerDay} 次` };
  const text: Text = {
    en: en`${when}; at most ${fetchesPerDay} fetches${forced} a day`,
    zh: zh`${when}；每天至多获取 ${fetchesPerDay} 次${forced}`,
  };
  return { facts: [[{ en: 'refresh', zh: '刷新' }, text]], warnings: [] };
}

/** Warns if a daemon elsewhere could kill the token, because the two share no state. */
function warnOfOtherDaemons(credential: FetchedConfig, isStateShared: boolean): Findings {
  if (!policyOf(credential).destructive || isStateShared) return { facts: [], warnings: [] };
  const { type } = credential;
  const orStable = isThirdParty(credential)
    ? { en: '', zh: '' }
    : { en: ', or use stable-token', zh: '，或改用 stable-token' };
  const warning: Text = {
    en: en`${type} with a private state folder: a daemon elsewhere that fetches for this AppID kills the token published here; share the state folder (WXTOKEN_STATE_DIR, stateDir), or keep the state in Redis (state.redis)${orStable}`,
    zh: zh`${type} 使用了不共用的状态目录：别处的守护进程为该 AppID 获取时，会使这里发布的 token 失效；请共用状态目录（WXTOKEN_STATE_DIR、stateDir），或把状态放在 Redis（state.redis）${orStable}`,
  };
  return { facts: [], warnings: [warning] };
}

/** A third party and its accounts have no other token. */
function isThirdParty({ type }: FetchedConfig): boolean {
  const { via, pushed } = kindOf(type);
  return via !== undefined || pushed !== undefined;
}

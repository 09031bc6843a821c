import type { Bot } from './bot.ts';
import type { AuthorizationCode, Authorizer, Component } from './component.ts';
import type { PushReceiver } from './receiver.ts';
import type { Provider, Suite, SuiteCode, SuiteCorp } from './suite.ts';

/** State of everything that acts for other accounts, and of QQ bots. Values are immutable, as accounts are. */
export interface ThirdParties {
  readonly components: Map<string, Component>;
  /** By `authorizerKey`. */
  readonly authorizers: Map<string, Authorizer>;
  readonly authorizationCodes: Map<string, AuthorizationCode>;
  readonly providers: Map<string, Provider>;
  readonly suites: Map<string, Suite>;
  /** By `suiteCorpKey`. */
  readonly suiteCorps: Map<string, SuiteCorp>;
  readonly suiteCodes: Map<string, SuiteCode>;
  readonly bots: Map<string, Bot>;
  /** By `receiverKey`. */
  readonly receivers: Map<string, PushReceiver>;
}

export function createThirdParties(): ThirdParties {
  return {
    components: new Map(),
    authorizers: new Map(),
    authorizationCodes: new Map(),
    providers: new Map(),
    suites: new Map(),
    suiteCorps: new Map(),
    suiteCodes: new Map(),
    bots: new Map(),
    receivers: new Map(),
  };
}

import type { Failure } from '../failure.ts';
import type { FetchStep } from '../plan.ts';
import type { Disturbance } from '../ports.ts';
import type { LastFailure } from '../record.ts';
import type { Doubter, DoubtVerdict } from '../state/doubts.ts';
import type { PushStanding } from '../state/pushed.ts';
import type { HandedOver } from '../state/request.ts';

/** What happened to a credential, as logs and metrics may say it. Durations are in ms; nothing is secret. */
export type Report =
  | { readonly type: 'fetching'; readonly step: FetchStep }
  /** A new token came. */
  | { readonly type: 'refreshed'; readonly step: FetchStep; readonly lifeMs: number; readonly tookMs: number }
  /** The platform handed out the same token again. */
  | { readonly type: 'unchanged'; readonly step: FetchStep; readonly lifeMs: number; readonly tookMs: number }
  /**
   * A target held a newer token than the record: that one is taken over. `isFirst`: it was there when this process
   * first looked, so the record lags behind; otherwise another process has published it since.
   */
  | { readonly type: 'found'; readonly target?: string; readonly lifeMs: number; readonly isFirst: boolean }
  /** A target holds a value of which nobody knows whether it is newer than the token: the platform is asked. */
  | { readonly type: 'doubtful'; readonly target: string }
  /** Another process, with a store of its own, publishes into the same target. */
  | { readonly type: 'shared'; readonly target: string }
  /** Somebody else has replaced or removed what was published, or it was lost with everything there. */
  | { readonly type: 'disturbed'; readonly target: string; readonly what: Disturbance }
  /** A token was found in the store: from before a restart, or from another daemon. */
  | {
      readonly type: 'adopted';
      readonly lifeMs: number;
      /** It is dead before its end, since its authorisation is gone. */
      readonly unauthorised?: true;
    }
  /** The platform has told another daemon that the authorisation behind the token is gone. */
  | { readonly type: 'unauthorised'; readonly failure: LastFailure['failure'] }
  | {
      readonly type: 'failed';
      readonly step: FetchStep;
      readonly failure: Failure;
      /** No other failure goes before it, since the last success or since the AppSecret is another one. */
      readonly isFirst: boolean;
      /** What the published token has left. */
      readonly lifeMs: number;
      readonly tookMs: number;
    }
  /** The AppSecret that was refused has been replaced by the one that was accepted last. */
  | { readonly type: 'restored' }
  /** The budget allows no fetch for so long. */
  | { readonly type: 'exhausted'; readonly ms: number; readonly lifeMs: number; readonly requested: boolean }
  /** A person's refresh waits for so long: readers may still hold the token that it would kill. */
  | { readonly type: 'postponed'; readonly ms: number }
  /** Another daemon fetches: the request was left with it. */
  | { readonly type: 'handed-over'; readonly reason: HandedOver }
  /**
   * What has come of an authorisation code: `exchanged` where the account has its token by it, or by the refresh token that
   * whoever used it before has brought; `lost` where it works no more, and the platform refuses the account without one.
   */
  | { readonly type: 'code'; readonly mark: string; readonly outcome: 'exchanged' | 'lost' }
  /**
   * What has come of the authorisation code of an account that is not served, told of its third party. `used`: an app has used it
   * already, and the list may have the account's refresh token by that. `expired`: its time was over before the platform took it.
   */
  | {
      readonly type: 'unserved-code';
      readonly outcome: 'exchanged' | 'used' | 'expired';
      readonly appId: string;
    }
  /**
   * What has come of the authorisation code of a corp that has installed a suite. `exchanged`: its permanent code is kept;
   * `used`: somebody has used it, maybe this program in an attempt whose answer was lost; `expired`: its time was over.
   */
  | {
      readonly type: 'permanent-code';
      readonly outcome: 'exchanged' | 'used' | 'expired';
      readonly corpId?: string;
    }
  /** A person's refresh was not made: others have moved on to a newer AppSecret. */
  | { readonly type: 'lagging' }
  /** A token is doubted, and what comes of that. */
  | { readonly type: 'doubt'; readonly by: Doubter; readonly verdict: DoubtVerdict }
  /** The token was doubted, an ordinary call brought it back: does it work? */
  | {
      readonly type: 'probed';
      readonly works: boolean;
      /** It does not work, and is fetched anew. */
      readonly isReplaced?: true;
    }
  /** The pushes of its ticket have stopped, or flow again. `ageMs` is that of the newest ticket, if there is one. */
  | { readonly type: 'pushes'; readonly standing: PushStanding; readonly ageMs?: number }
  /** The platform was asked to push tickets again. */
  | { readonly type: 'push-started'; readonly failure?: Failure }
  /** The state folder could not be locked, read or written. */
  | { readonly type: 'unstored'; readonly failure: Failure }
  | {
      readonly type: 'published';
      readonly target: string;
      /** Readers wait for what was written; `mended` is no news to them. */
      readonly result: 'written' | 'mended' | 'unchanged';
      /** Of what is published, epoch ms. */
      readonly expiresAt: number;
      /** What is wrong with the target all the same. */
      readonly flaw?: Failure;
      /** It was unchanged, as was known before: the daemon looks at each target once a minute. */
      readonly isKnown?: true;
    }
  | { readonly type: 'unpublished'; readonly target: string; readonly failure: Failure };

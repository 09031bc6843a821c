import type { Budget } from '../core/budget.ts';
import type { Kind } from '../core/credential.ts';
import type { Secret } from '../core/secret.ts';
import type { Language } from '../core/text.ts';
import type { TargetConfig, Settings as TargetSettings } from '../publishers/kind.ts';
import type { RedisConfig } from '../redis/connection-types.ts';
import type { SocketAddress, TcpAddress } from '../system/net/address.ts';
import type { StateOrigin } from './resolve/state-dir.ts';

/** The checked configuration of a daemon. All durations are in ms. */
export interface Config {
  /** Cron expression, seconds first. */
  readonly schedule: string;
  /** What HUP asks for: `refresh` prefers force, `retry` asks without it. */
  readonly onHangup: 'refresh' | 'retry';
  readonly stateDir: string;
  readonly stateOrigin: StateOrigin;
  /** Other state folders beside the published files: records of accounts that lie there are taken along. */
  readonly stateElsewhere: readonly string[];
  /** Paths beside published files at which links to the state folder are to be. */
  readonly stateLinks: readonly string[];
  /** Permission bits of the state folder: 0o700, or 0o770 if daemons of several users share it. */
  readonly stateMode: number;
  /** Numeric id of the group that shares the state folder; set only with mode 0o770. */
  readonly stateGid?: number;
  /** The folder in which readers report refused tokens; absent if reports are off. */
  readonly feedbackDir?: string;
  /** Whether all daemons that use the same accounts share their state, through a state folder, a cluster or Redis. */
  readonly coordinated: boolean;
  /** Elects one daemon of a cluster to fetch for all; absent if the daemons coordinate through the state folder. */
  readonly cluster?: ClusterConfig;
  /** Connections to Redis that targets name; absent if there are none. */
  readonly redis?: readonly RedisConfig[];
  /** Where daemons of several machines keep their records in place of the state folder; absent if they do not. */
  readonly state?: StateConfig;
  /** Address of health, metrics and the status page; absent if they are off. */
  readonly http?: HttpConfig;
  /** Address of the token server, for apps that cannot read files; absent if it is off. */
  readonly tokenServer?: { readonly listen: TcpAddress | SocketAddress; readonly setting: string };
  /** Address of the receiver of the platform's pushes; absent if no credential has any. */
  readonly push?: { readonly listen: TcpAddress; readonly setting: string };
  readonly log: LogConfig;
  /** The language in which people are told things; absent if it was not chosen. */
  readonly language?: Language;
  /** Every file that the configuration was read from. A change of any of them may change the configuration. */
  readonly inputs: readonly string[];
  readonly credentials: readonly CredentialConfig[];
  /** Entries that stand for as many accounts as the platform lists; absent if there are none. */
  readonly many?: readonly ManyConfig[];
}

/** Where health, metrics and the status page are served. */
export interface HttpConfig {
  readonly listen: TcpAddress;
  /** The variable or key that sets the address, for messages. */
  readonly setting: string;
  /** Host names, in lower case, that requests may use besides IP addresses and `localhost`. */
  readonly allowedHosts: readonly string[];
}

/** How the daemon logs to standard error. */
export interface LogConfig {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly format: 'json' | 'text';
}

/**
 * The Lease and the Secret that the daemons of a cluster share. Objects without a namespace are in the namespace of
 * the pod. Durations are in ms.
 */
export interface ClusterConfig {
  readonly lease: ObjectConfig & {
    readonly duration: number;
    readonly renewDeadline: number;
    readonly retryPeriod: number;
  };
  readonly secret: ObjectConfig;
}

/** The records of accounts on a server of Redis. */
export interface StateConfig {
  readonly redis: {
    /** The name of an entry of `redis`. */
    readonly connection: string;
    /** Begins the name of every key. */
    readonly prefix: string;
  };
}

/** The name of a Kubernetes object; without `namespace` it is in the namespace of the pod. */
export interface ObjectConfig {
  readonly namespace?: string;
  readonly name: string;
}

/** One entry of `credentials`: a credential that this daemon fetches, or one that it mirrors. */
export type CredentialConfig = FetchedConfig | MirrorConfig;

/** Tells whether this daemon fetches the credential itself, rather than mirroring it. */
export function isFetched<C extends { readonly type: string }>(
  credential: C,
): credential is Exclude<C, { readonly type: typeof MIRROR }> {
  return credential.type !== MIRROR;
}

interface PublishedConfig {
  readonly name: string;
  /** What people call the credential. Nothing that a machine reads may depend on it. */
  readonly title?: string;
  /** If true, the daemon is ready without this credential. */
  readonly optional: boolean;
  /** The kinds of tickets that are published besides the token. */
  readonly tickets: readonly Kind[];
  readonly publish: readonly TargetConfig[];
  readonly notify: readonly NotifierConfig[];
}

/** The value of `type` for a credential that another daemon fetches and this one only publishes. */
export const MIRROR = 'mirror';

/** A credential that another daemon fetches and this one only publishes. */
export interface MirrorConfig extends PublishedConfig {
  readonly type: typeof MIRROR;
  /** The Secret that holds the credential, and the name of the credential in that Secret. */
  readonly from: ObjectConfig & { readonly credential: string };
}

/** A credential that this daemon fetches. */
export interface FetchedConfig extends PublishedConfig {
  /** The `type` of a kind in `providers/kinds.ts`. */
  readonly type: string;
  readonly appId: string;
  /** The third party whose token it is fetched with: another credential of the configuration, and its id. */
  readonly via?: { readonly name: string; readonly appId: string };
  /** Where the ticket arrives that the platform pushes; absent for a type that needs none. */
  readonly ticket?: TicketConfig;
  readonly secret: SecretSource;
  readonly platform: PlatformConfig;
  /** The values of the keys that only this type has. Its `CredentialKind` gives them their meaning. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly budget: Budget;
  /** Whether every daemon that holds the token learns through shared state when the token is replaced. */
  readonly coordinated: boolean;
  /** The name of the entry whose list has brought it; absent for one that the configuration names. */
  readonly listedBy?: string;
}

/** One entry that stands for all accounts which the platform lists to a third party. Durations are in ms. */
export interface ManyConfig
  extends Pick<
    FetchedConfig,
    'name' | 'title' | 'tickets' | 'notify' | 'platform' | 'budget' | 'coordinated' | 'options'
  > {
  /** The `type` of an entry in `manyKinds`. */
  readonly type: string;
  /** The third party to which the accounts are listed. */
  readonly via: { readonly name: string; readonly appId: string };
  /** Targets as they are configured, with `{appId}` and `{name}` in place of what differs. */
  readonly publish: readonly TargetSettings[];
  /** How long an account is served on that whole lists lack; then it is not, and what was published for it is removed. */
  readonly removeAfter: number;
  /** How many accounts are served at most. */
  readonly atMost: number;
}

/**
 * Where the AppSecret is: in a file, which is read again for each fetch, or in memory, taken from an environment
 * variable.
 */
export type SecretSource =
  /** `awaited`: the daemon writes it itself, once the corp has authorised; until then it need not be there. */
  | { readonly file: string; readonly awaited?: true }
  | { readonly value: Secret }
  /** The type has no secret of its own. */
  | { readonly none: true }
  /** There is none here, for a command that fetches nothing; `unset` says where it should be. */
  | { readonly unset: string };

/** Where a ticket arrives that the platform pushes: in a file that an app writes, or at the receiver. */
export interface TicketConfig {
  readonly file?: string;
  readonly push?: PushConfig;
}

/** How the pushes for one credential are received. The files are read anew for each push. */
export interface PushConfig {
  /** The exact path of the URL. */
  readonly path: string;
  readonly tokenFile: string;
  readonly encodingAesKeyFile: string;
  readonly previousEncodingAesKeyFile?: string;
  /** A URL on loopback that everything but tickets is passed on to. */
  readonly forward?: string;
  /** Corpid of the provider of a suite. */
  readonly corpId?: string;
  /** The path of the file of each corp that has installed a suite, with `{corpId}` in it, which its permanent code is written to. */
  readonly permanentCodes?: string;
}

/** How the daemon reaches the platform. */
export interface PlatformConfig {
  /**
   * The platform that the accounts belong to: `weixin`, or `HOST:PORT` of a platform on loopback, which shares no
   * accounts with `weixin`.
   */
  readonly id: string;
  /** Base URLs in the order in which they are tried. */
  readonly hosts: readonly string[];
  readonly timeout: number;
  /** URL of an HTTP proxy; absent if the variables of the environment decide. */
  readonly proxy?: string;
  /** Certificates (PEM) of trusted authorities; absent if the default ones are trusted. */
  readonly ca?: string;
  /** Whether IPv4 addresses are tried before IPv6 addresses. */
  readonly ipv4First: boolean;
}

/** A notifier that runs after a change has been published. `timeout` is in ms. */
export type NotifierConfig =
  | { readonly type: 'exec'; readonly command: readonly [string, ...string[]]; readonly timeout: number }
  | { readonly type: 'webhook'; readonly url: string; readonly timeout: number }
  | { readonly type: 'signal'; readonly pidFile: string; readonly signal: NodeJS.Signals };

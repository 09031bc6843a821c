import type { Budget } from '../core/budget.ts';
import type { Kind } from '../core/credential.ts';
import type { Secret } from '../core/secret.ts';
import type { TargetConfig } from '../publishers/kind.ts';
import type { SocketAddress, TcpAddress } from '../system/net/address.ts';

/** What the daemon is asked to do, checked as a whole. Durations in milliseconds. */
export interface Config {
  /** Cron expression, seconds first. */
  readonly schedule: string;
  readonly stateDir: string;
  /** Permission bits of the state folder: 0o700, or 0o770 where daemons of several users share it. */
  readonly stateMode: number;
  /** The group that shares it; with 0o770 alone. */
  readonly stateGid?: number;
  /** Where readers report refused tokens; absent: nowhere. */
  readonly feedbackDir?: string;
  /** Whether all who share an account share what is known of it as well. */
  readonly coordinated: boolean;
  /** One refresher for a whole cluster; absent: daemons that share the state folder refresh as one. */
  readonly cluster?: ClusterConfig;
  /** Health, metrics and a page for people; absent: nowhere. */
  readonly http?: HttpConfig;
  /** Where tokens are served to those who cannot read files; absent: nowhere. */
  readonly tokenServer?: { readonly listen: TcpAddress | SocketAddress };
  readonly log: LogConfig;
  /** Every file that was read to make this: when one of them changes, so may this. */
  readonly inputs: readonly string[];
  readonly credentials: readonly CredentialConfig[];
}

export interface HttpConfig {
  readonly listen: TcpAddress;
  /** Names by which it may be called, in lower case, besides addresses and localhost. */
  readonly allowedHosts: readonly string[];
}

export interface LogConfig {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly format: 'json' | 'text';
}

/** Where daemons of a cluster find each other. Objects without a namespace are in that of the pod. */
export interface ClusterConfig {
  readonly lease: ObjectConfig & {
    readonly duration: number;
    readonly renewDeadline: number;
    readonly retryPeriod: number;
  };
  readonly secret: ObjectConfig;
}

export interface ObjectConfig {
  readonly namespace?: string;
  readonly name: string;
}

export type CredentialConfig = FetchedConfig | MirrorConfig;

/** Whether this daemon fetches a credential; all others it mirrors. */
export function isFetched<C extends { readonly type: string }>(
  credential: C,
): credential is Exclude<C, { readonly type: typeof MIRROR }> {
  return credential.type !== MIRROR;
}

interface PublishedConfig {
  readonly name: string;
  /** Its absence does not make the daemon unready. */
  readonly optional: boolean;
  /** What is published besides its token. */
  readonly tickets: readonly Kind[];
  readonly publish: readonly TargetConfig[];
  readonly notify: readonly NotifierConfig[];
}

/** What the configuration calls a credential that another program fetches. */
export const MIRROR = 'mirror';

/** A credential that another program fetches. */
export interface MirrorConfig extends PublishedConfig {
  readonly type: typeof MIRROR;
  /** The Secret that holds it, and what it is called there. */
  readonly from: ObjectConfig & { readonly credential: string };
}

export interface FetchedConfig extends PublishedConfig {
  /** See `providers/kinds.ts`. */
  readonly type: string;
  readonly appId: string;
  readonly secret: SecretSource;
  readonly platform: PlatformConfig;
  /** The values of the keys that only this type has: what they mean, its kind says. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly budget: Budget;
  /** Whether everyone who holds the token learns through shared state when it is replaced. */
  readonly coordinated: boolean;
}

export type SecretSource = { readonly file: string } | { readonly value: Secret };

export interface PlatformConfig {
  /** Whose accounts these are: `weixin`, or the address of a platform on loopback, which shares nothing with it. */
  readonly id: string;
  /** Base URLs, the preferred one first. */
  readonly hosts: readonly string[];
  readonly timeout: number;
  readonly proxy?: string;
  /** PEM. */
  readonly ca?: string;
  readonly ipv4First: boolean;
}

/** Who is told after a change has been published. */
export type NotifierConfig =
  | { readonly type: 'exec'; readonly command: readonly [string, ...string[]]; readonly timeout: number }
  | { readonly type: 'webhook'; readonly url: string; readonly timeout: number }
  | { readonly type: 'signal'; readonly pidFile: string; readonly signal: NodeJS.Signals };

import type { Secret } from '../core/secret.ts';
import type { Text } from '../core/text.ts';

/** TLS settings; certificates and keys as PEM text. */
export interface Trust {
  /** Authorities that sign the API server's certificate; absent: those of the system. */
  readonly ca?: string;
  /**
   * Client certificate, always with its key; when present, the API server identifies the client by it and not by
   * the token.
   */
  readonly cert?: string;
  readonly key?: string;
  /** Server name that the API server's certificate must contain, if it differs from the address. */
  readonly servername?: string;
}

/** Address and credentials of an API server. */
export interface Connection {
  /** Base URL without a trailing slash; it may have a path. */
  readonly server: string;
  /** Where these settings come from, for messages. */
  readonly source: Text;
  /** Namespace of objects that are configured without one. */
  readonly namespace: string;
  /** Paths of the files that `trust` reads: when one of them changes, call `trust` again. */
  readonly files: readonly string[];
  /**
   * Reads certificates and keys again.
   * @throws {EdgeError} `kube-credentials`
   */
  trust(): Promise<Trust>;
  /**
   * Reads the token again: the kubelet replaces that of a service account every hour.
   * @returns undefined when no token is configured
   * @throws {EdgeError} `kube-credentials`
   */
  token(): Promise<Secret | undefined>;
}

/** A connection, or the problems that an operator must solve before there can be one, a line each. */
export type FoundConnection =
  | { readonly connection: Connection; readonly problems?: never }
  | { readonly connection?: never; readonly problems: readonly Text[] };

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

import type { Secret } from '../core/secret.ts';

/** PEM, as an operating system has them in files. */
export interface Trust {
  /** Authorities of the API server; absent: the public ones. */
  readonly ca?: string;
  /** A client certificate with its key; where there is one, it counts and not the token. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the certificate of the API server must have, where it is not that of the address. */
  readonly servername?: string;
}

/** Where the API server is, and as whom it is asked. */
export interface Connection {
  /** URL without a slash at its end; it may have a path. */
  readonly server: string;
  /** Where all this was found, for people. */
  readonly source: string;
  /** The namespace to use where none is said. */
  readonly namespace: string;
  /** The files that `trust` reads: when one of them changes, so may that. */
  readonly files: readonly string[];
  /** Reads certificates and keys anew. @throws {EdgeError} `kube-credentials` */
  trust(): Promise<Trust>;
  /** Reads the token anew: that of a service account is replaced every hour. @throws {EdgeError} `kube-credentials` */
  token(): Promise<Secret | undefined>;
}

/** A connection, or everything that a person has to change before there can be one. */
export type FoundConnection =
  | { readonly connection: Connection; readonly problems?: never }
  | { readonly connection?: never; readonly problems: readonly string[] };

export type Environment = Readonly<Record<string, string | undefined>>;

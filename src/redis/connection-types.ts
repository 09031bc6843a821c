import type { TcpAddress } from '../system/net/address.ts';

/** Where the servers of a connection are. */
export type Endpoint =
  | { readonly kind: 'server'; readonly address: TcpAddress }
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'sentinel';
      /** The name by which the Sentinels know the master. */
      readonly master: string;
      readonly nodes: readonly TcpAddress[];
      /** What the Sentinels themselves ask for; absent: they let everybody in. */
      readonly login?: Login;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly TcpAddress[] };

/** A user of an ACL with the file of the password; without a user name it is the password of the `default` user. */
export interface Login {
  readonly username?: string;
  readonly passwordFile: string;
}

/** One entry of `redis` in the configuration, checked. */
export interface RedisConfig {
  /** By which targets and the state name it; unique. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Number of the database; 0 in a Redis Cluster, which has no other. */
  readonly database: number;
  readonly login?: Login;
  /** Absent: the connection is not encrypted. */
  readonly tls?: TlsFiles;
}

/** Paths of PEM files, which are read again for every connection that is made. */
export interface TlsFiles {
  /** Authorities that sign the server's certificate; absent: those of the system. */
  readonly caFile?: string;
  /** Client certificate, always with its key. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

import { stringify } from 'yaml';

export interface KubeconfigOptions {
  readonly server: string;
  readonly namespace?: string;
  /** PEM; absent for plain HTTP. */
  readonly ca?: string | undefined;
  /** What the user logs in with, as a kubeconfig says it. */
  readonly user?: Readonly<Record<string, unknown>>;
  /** More of the cluster. */
  readonly cluster?: Readonly<Record<string, unknown>>;
}

/** The text of a kubeconfig. */
export function kubeconfig({ server, namespace, ca, user = {}, cluster = {} }: KubeconfigOptions): string {
  const authority =
    ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'cluster', cluster: { server, ...authority, ...cluster } }],
    users: [{ name: 'user', user }],
    contexts: [
      { name: 'test', context: { cluster: 'cluster', user: 'user', ...(namespace && { namespace }) } },
    ],
  });
}

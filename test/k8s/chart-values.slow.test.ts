import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { credentialKinds } from '../../src/providers/kinds.ts';
import { accountsOf, kindWithPushes } from './chart-accounts.ts';
import { PATHS } from './chart-paths.ts';
import { configIn, LEAST, one, rendered, template } from './helm.ts';
import { listOf, type Part, partOf } from './manifests.ts';

const SECRET = '0123456789abcdef0123456789abcdef';

/** Each value of the chart as somebody would change it, with the other values that it takes to see that. */
const CHANGES: Readonly<Record<string, readonly [unknown, Part?]>> = {
  mode: ['sidecar'],
  accounts: [[{ name: 'two', type: 'stable-token', appId: 'wx0000000000000000' }]],
  'appSecret.existingSecret': ['mine'],
  'appSecret.create': [{ shop: SECRET }],
  config: [{ language: 'zh' }],
  'image.repository': ['registry.example.com/wx-token-sidecar'],
  'image.tag': ['1.0.0'],
  'image.digest': [`sha256:${'0'.repeat(64)}`],
  'image.pullPolicy': ['Always'],
  imagePullSecrets: [[{ name: 'registry' }]],
  nameOverride: ['keeper'],
  fullnameOverride: ['keeper'],
  labels: [{ team: 'shop' }],
  replicas: [3],
  tokenSecret: ['tokens'],
  'serviceAccount.create': [false],
  'serviceAccount.name': ['who'],
  'serviceAccount.annotations': [{ a: 'b' }],
  'rbac.create': [false],
  port: [9500],
  pushPort: [9501, { accounts: accountsOf(kindWithPushes()) }],
  resources: [{ limits: { memory: '200Mi' } }],
  volumeSize: ['8Mi'],
  podSecurityContext: [{ runAsUser: null }],
  priorityClassName: ['high'],
  podLabels: [{ tier: 'back' }],
  podAnnotations: [{ a: 'b' }],
  nodeSelector: [{ disk: 'ssd' }],
  tolerations: [[{ key: 'a', operator: 'Exists' }]],
  affinity: [{ nodeAffinity: {} }],
  env: [[{ name: 'TZ', value: 'Asia/Shanghai' }]],
  extraVolumes: [[{ name: 'ca', configMap: { name: 'ca' } }]],
  extraVolumeMounts: [[{ name: 'ca', mountPath: '/etc/ca' }]],
  'podDisruptionBudget.enabled': [false],
  'podDisruptionBudget.maxUnavailable': ['50%'],
  'networkPolicy.enabled': [false],
  'networkPolicy.dnsPorts': [[5353]],
  'networkPolicy.egressPorts': [[443]],
  'networkPolicy.extraIngress': [[{ ports: [{ port: 1, protocol: 'TCP' }] }]],
  'networkPolicy.extraEgress': [[{ ports: [{ port: 1, protocol: 'TCP' }] }]],
  'monitoring.podMonitor.enabled': [true],
  'monitoring.podMonitor.labels': [{ release: 'a' }, { monitoring: { podMonitor: { enabled: true } } }],
  'monitoring.podMonitor.interval': ['15s', { monitoring: { podMonitor: { enabled: true } } }],
  'monitoring.podMonitor.selector': [
    { app: 'shop' },
    { mode: 'sidecar', monitoring: { podMonitor: { enabled: true, selector: { app: 'other' } } } },
  ],
  'monitoring.rules.enabled': [true],
  'monitoring.rules.labels': [{ release: 'a' }, { monitoring: { rules: { enabled: true } } }],
  'monitoring.dashboard.enabled': [true],
  'monitoring.dashboard.labels': [{ other: '1' }, { monitoring: { dashboard: { enabled: true } } }],
};

/** Values with one of them, at a path, as it is given. */
function withValue(values: Part, path: readonly string[], value: unknown): Part {
  const [key = '', ...rest] = path;
  return { ...values, [key]: rest.length === 0 ? value : withValue(partOf(values, key), rest, value) };
}

describe('values of the chart', () => {
  it.for(PATHS)('%s changes what is rendered, as some value that the schema takes', async (path, context) => {
    const [value, more = {}] = CHANGES[path] ?? [];
    expect(value, `no change of ${path} is given`).toBeDefined();
    const before = { ...LEAST, ...more };
    const after = withValue(before, path.split('.'), value);
    const [first, second] = await Promise.all([template(before, context), template(after, context)]);
    expect(first.stderr.trim()).toBe('');
    expect(second.stderr.trim()).toBe('');
    expect(second.stdout).not.toBe(first.stdout);
  });
});

const MIRROR = {
  name: 'mirror',
  type: 'mirror',
  from: { kubernetesSecret: { namespace: 'wx-token', name: 'wx-token', credential: 'shop' } },
};

const TYPES = [
  ...credentialKinds.map((kind) => ({ type: kind.type, accounts: accountsOf(kind) })),
  { type: 'mirror', accounts: [...listOf(LEAST, 'accounts'), MIRROR] },
];

/** What the program makes of a configuration that pods would mount. */
async function loaded(config: Part, { onTestFinished }: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'config.yaml');
  await writeFile(file, stringify(config));
  // As in a pod, where folders and AppSecrets are going to be.
  return loadConfig({ KUBERNETES_SERVICE_HOST: '127.0.0.1' }, { file, publishes: false, fetches: false });
}

describe('accounts of the chart', () => {
  it.for(TYPES)('an account of type $type is one that the program takes', async ({ accounts }, context) => {
    const values = { accounts };
    const config = configIn(one(await rendered(values, context), 'ConfigMap', '-config'));
    const { credentials, cluster } = await loaded(config, context);
    expect(credentials.map(({ name }) => name)).toEqual(accounts.map(({ name }) => name));
    expect(cluster?.secret).toEqual({ name: 'wx-token' });
    for (const [index, { secretFile, publish }] of listOf(config, 'credentials').entries()) {
      const { name, type } = accounts[index] ?? {};
      const isSecretless =
        type === 'mirror' || credentialKinds.some((kind) => kind.type === type && kind.secretless);
      expect(secretFile).toBe(isSecretless ? undefined : `/etc/wx-token/${name}`);
      expect(publish).toEqual([{ type: 'file', path: `/var/run/wx/${name}/token` }]);
    }
  });

  it.for(TYPES)(
    'in mode sidecar the chart takes or refuses type $type as the program does',
    async ({ type, accounts }, context) => {
      const values = { mode: 'sidecar', accounts };
      const { code, stderr, stdout } = await template(values, context);
      const problem = credentialKinds
        .find((kind) => kind.type === type)
        ?.problem?.({}, { coordinated: false }, { name: String, setting: String }, []);
      if (problem === undefined) {
        expect(code, stderr).toBe(0);
        expect(stdout).not.toMatch(/^kind: (?!ConfigMap$)/m);
        return;
      }
      expect(code).toBe(1);
      expect(stderr).toContain(`accounts (${type}): ${type} does not go with mode sidecar`);
      const allowed = accounts.map((account) => ({ ...account, allowUncoordinated: true }));
      expect(await template({ ...values, accounts: allowed }, context)).toMatchObject({ code: 0 });
    },
  );

  it('what an account and the configuration say stays as it is said', async (context) => {
    const account = {
      ...listOf(LEAST, 'accounts')[0],
      secretFile: '/etc/other/secret',
      budget: { fetchesPerDay: 2_000_000 },
      publish: [{ type: 'file', path: '/var/run/wx/token', mode: '0440', format: 'env' }],
    };
    const said = { platform: { proxy: 'http://egress:3128' }, cluster: { lease: { duration: '40s' } } };
    const values = { accounts: [account], config: { ...said, http: { allowedHosts: ['wx.example.com'] } } };
    const config = configIn(one(await rendered(values, context), 'ConfigMap'));
    expect(config).toEqual({
      ...said,
      http: { listen: '0.0.0.0:9400', allowedHosts: ['wx.example.com'] },
      stateDir: '/var/run/wx/.state',
      cluster: { lease: { name: 'wx-token-sidecar', duration: '40s' }, secret: { name: 'wx-token' } },
      credentials: [account],
    });
  });
});

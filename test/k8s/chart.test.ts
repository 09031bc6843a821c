import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { differencesBetween } from './differences.ts';
import { CHART, configIn, helm, LEAST, notes, one, rendered } from './helm.ts';
import { type Built, built } from './kustomize.ts';
import { listOf, type Part, partOf, podOf, textOf } from './manifests.ts';
import {
  expectApiAccess,
  expectResources,
  expectRestricted,
  expectTokensInMemory,
  expectWaiting,
} from './pod-rules.ts';
import { differencesFromStored } from './stored.ts';

const README = await textOf('chart/README.md');
const SECRET = '0123456789abcdef0123456789abcdef';

describe('helm lint', () => {
  it('the chart is without a warning, with its defaults and with an account', async (context) => {
    for (const more of [[], ['--set-json', `accounts=${JSON.stringify(LEAST['accounts'])}`]]) {
      const { code, stdout, stderr } = await helm(['lint', '--strict', CHART, ...more], context);
      expect(code, stdout + stderr).toBe(0);
      expect(stdout).not.toMatch(/\[(?:WARNING|ERROR)\]/);
    }
  });

  it('the chart has the version of the program', async () => {
    const { version, appVersion } = parse(await textOf('chart/Chart.yaml'));
    const program = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect([version, appVersion]).toEqual([program.version, program.version]);
    expect(README).toContain(`version: ${version}\n`);
  });
});

/** How the chart with one account differs from `k8s/base`: the table of its README. */
const DIFFERENCES = [
  /^\w+\.metadata\.labels\.(?:app\.kubernetes\.io\/(?:managed-by|version)|helm\.sh\/chart): nothing → /,
  /^(?:ConfigMap\.metadata|Deployment\..*\.configMap)\.name: "wx-token-config" → "wx-token-sidecar-config"$/,
  /\.template\.metadata\.annotations: nothing → \{"wx-token-sidecar\/restart-for":"[0-9a-f]{64}"\}$/,
  /\.imagePullPolicy: nothing → "IfNotPresent"$/,
];

describe('chart beside k8s/base', () => {
  it('the chart makes the objects of k8s/base, but for the differences that its README gives reasons for', async (context) => {
    const byKind = (objects: readonly Built[]) =>
      Object.fromEntries(
        objects.map(({ kind, content }) => [
          kind,
          kind === 'ConfigMap' ? { ...content, data: configIn(content) } : content,
        ]),
      );
    const base = await built('base/kustomization.yaml', context);
    const chart = await rendered(LEAST, context);
    expect(chart.map(({ kind }) => kind).sort()).toEqual(base.map(({ kind }) => kind).sort());
    const found = differencesBetween(byKind(base), byKind(chart));
    expect(found.filter((line) => !DIFFERENCES.some((known) => known.test(line)))).toEqual([]);
    for (const known of DIFFERENCES)
      expect(
        found.some((line) => known.test(line)),
        String(known),
      ).toBe(true);
    const table = README.slice(README.indexOf('## What is not as in'));
    expect(table.match(/^\| (?!what \||---)/gm)).toHaveLength(DIFFERENCES.length);
  });
});

/** Values that differ from the defaults in every way that changes what is rendered. */
const MUCH: Part = {
  accounts: [
    ...listOf(LEAST, 'accounts'),
    {
      ...{ name: 'platform', type: 'component', appId: 'wx0000000000000001' },
      ticket: {
        push: {
          path: '/wx/platform',
          tokenFile: '/etc/wx-token/push-token',
          encodingAesKeyFile: '/etc/wx-token/aes-key',
        },
      },
    },
  ],
  image: { repository: 'registry.example.com:5000/wx', digest: `sha256:${'0'.repeat(64)}` },
  imagePullSecrets: [{ name: 'registry' }],
  labels: { team: 'shop' },
  podLabels: { tier: 'back' },
  podAnnotations: { note: 'a' },
  priorityClassName: 'system-cluster-critical',
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'a', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  env: [{ name: 'NODE_OPTIONS', value: '--dns-result-order=ipv4first' }],
  extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/ca', readOnly: true }],
  networkPolicy: {
    dnsPorts: [53, 5353],
    extraIngress: [{ from: [{ podSelector: {} }] }],
    extraEgress: [{ ports: [{ port: 6379, protocol: 'TCP' }] }],
  },
  appSecret: { create: { shop: SECRET, platform: SECRET } },
  serviceAccount: { name: 'other', annotations: { a: 'b' } },
};

describe('objects of the chart', () => {
  it.for([
    { called: 'defaults', values: LEAST },
    { called: 'much', values: MUCH },
  ])('pods and objects with $called pass what those of k8s/base pass', async ({ values }, context) => {
    const objects = await rendered(values, context);
    const pod = podOf(one(objects, 'Deployment'));
    if (!pod) throw new Error('there is no pod');
    expectRestricted(pod);
    expectResources(pod);
    expectApiAccess(pod, true);
    expectTokensInMemory(pod, () => true);
    expectWaiting(pod);
    for (const { content } of objects) expect(differencesFromStored(content)).toEqual([]);
    expect(new Set(objects.map(({ namespace }) => namespace))).toEqual(new Set(['wx-token']));
    // What is pushed has a way in.
    const ports = listOf(pod.containers[0], 'ports').map(({ containerPort }) => containerPort);
    const admitted = listOf(listOf(one(objects, 'NetworkPolicy'), 'spec', 'ingress')[0], 'ports');
    expect(admitted.map(({ port }) => port)).toEqual(ports);
    const services = objects.filter(({ kind }) => kind === 'Service');
    expect(services.flatMap(({ content }) => listOf(content, 'spec', 'ports'))).toEqual(
      ports.includes(9401) ? [{ name: 'push', port: 9401, targetPort: 'push', protocol: 'TCP' }] : [],
    );
  });

  it('with state in Redis nothing of the cluster is used, unless an account asks for it', async (context) => {
    const config = {
      redis: [{ name: 'main', url: 'redis://redis:6379' }],
      state: { redis: { connection: 'main' } },
    };
    const objects = await rendered({ ...LEAST, config }, context);
    const kinds = objects.map(({ kind }) => kind).sort();
    expect(kinds).toEqual([
      ...['ConfigMap', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'ServiceAccount'],
    ]);
    const access = async (account: Part) => {
      const accounts = [{ ...listOf(LEAST, 'accounts')[0], ...account }];
      const pod = podOf(one(await rendered({ accounts, config }, context), 'Deployment'));
      return pod?.spec['automountServiceAccountToken'];
    };
    expect(await access({})).toBe(false);
    const target = { type: 'kubernetes-secret', namespace: 'shop', name: 'wx', key: 'token' };
    expect(await access({ publish: [target] })).toBe(true);
  });

  it('a second release in the namespace shares no object with the first', async (context) => {
    const namesOf = async (name: string, more: Part) =>
      (await rendered({ ...LEAST, ...more }, context, { name })).map(
        (object) => `${object.kind} ${object.name}`,
      );
    const first = await namesOf('wx-token-sidecar', {});
    const second = await namesOf('two', { tokenSecret: 'wx-token-two' });
    expect(second.filter((name) => first.includes(name))).toEqual([]);
    const [selector, other] = await Promise.all(
      ['wx-token-sidecar', 'two'].map(async (name) =>
        partOf(
          one(await rendered(LEAST, context, { name }), 'Deployment'),
          'spec',
          'selector',
          'matchLabels',
        ),
      ),
    );
    expect(other).not.toEqual(selector);
  });

  it('names and rights of a release with other names fit each other', async (context) => {
    const objects = await rendered(
      { ...LEAST, fullnameOverride: 'wx', tokenSecret: 'tokens', serviceAccount: { name: 'who' } },
      context,
      { namespace: 'elsewhere' },
    );
    const rules = listOf(one(objects, 'Role'), 'rules').map(({ resourceNames }) => resourceNames);
    expect(rules).toEqual([['tokens'], ['wx']]);
    expect(configIn(one(objects, 'ConfigMap'))['cluster']).toEqual({
      lease: { name: 'wx' },
      secret: { name: 'tokens' },
    });
    expect(listOf(one(objects, 'RoleBinding'), 'subjects')).toEqual([
      { kind: 'ServiceAccount', name: 'who', namespace: 'elsewhere' },
    ]);
    expect(podOf(one(objects, 'Deployment'))?.spec['serviceAccountName']).toBe('who');
    expect(objects.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
      expect.arrayContaining(['Lease wx', 'Secret tokens', 'ServiceAccount who']),
    );
  });
});

describe('upgrades', () => {
  it('the Secret has no data and the Lease no spec that an upgrade would reset', async (context) => {
    const objects = await rendered(LEAST, context);
    for (const key of ['data', 'stringData', 'immutable'])
      expect(one(objects, 'Secret')).not.toHaveProperty(key);
    expect(one(objects, 'Lease')).not.toHaveProperty('spec');
  });

  it('new pods come for what a running daemon cannot change, and for nothing else', async (context) => {
    const annotation = async (values: Part) => {
      const deployment = one(await rendered({ ...LEAST, ...values }, context), 'Deployment');
      return partOf(deployment, 'spec', 'template', 'metadata', 'annotations')[
        'wx-token-sidecar/restart-for'
      ];
    };
    const before = await annotation({});
    const second = { name: 'two', type: 'wecom', corpId: 'ww0000000000000000' };
    for (const taken of [
      { accounts: [...listOf(LEAST, 'accounts'), second] },
      { config: { schedule: '*/10 * * * * *', onHangup: 'retry', platform: { timeout: '9s' } } },
    ]) {
      expect(await annotation(taken), JSON.stringify(taken)).toBe(before);
    }
    for (const config of [
      { language: 'zh' },
      { log: { level: 'debug' } },
      { stateDir: '/var/run/wx/state' },
      { feedback: { directory: '/var/run/wx/feedback' } },
      { http: { allowedHosts: ['wx.example.com'] } },
      { cluster: { lease: { duration: '40s' } } },
    ]) {
      expect(await annotation({ config }), JSON.stringify(config)).not.toBe(before);
    }
    expect(await annotation({ port: 9500 })).not.toBe(before);
  });
});

describe('AppSecrets of the chart', () => {
  it('the chart makes a Secret that the pods mount, or takes one that is there', async (context) => {
    const secretOf = (objects: readonly Built[]) =>
      listOf(podOf(one(objects, 'Deployment'))?.spec, 'volumes').find(({ name }) => name === 'wx-appsecret');
    const given = await rendered({ ...LEAST, appSecret: { existingSecret: 'mine' } }, context);
    expect(secretOf(given)).toMatchObject({ secret: { secretName: 'mine', defaultMode: 0o440 } });
    expect(given.filter(({ kind }) => kind === 'Secret').map(({ name }) => name)).toEqual(['wx-token']);

    const made = await rendered({ ...LEAST, appSecret: { create: { shop: SECRET } } }, context);
    const secret = one(made, 'Secret', '-appsecret');
    expect(secretOf(made)).toMatchObject({ secret: { secretName: partOf(secret, 'metadata')['name'] } });
    expect(Buffer.from(String(partOf(secret, 'data')['shop']), 'base64').toString()).toBe(SECRET);
    const elsewhere = made.filter(({ content }) => content !== secret);
    expect(JSON.stringify(elsewhere)).not.toContain(SECRET);
  });

  it('what helm tells after an installation names the objects and no AppSecret', async (context) => {
    const told = await notes(LEAST, context);
    expect(told).toContain('create secret generic wx-appsecret --from-file=shop=');
    expect(told).toContain('rollout status deployment wx-token-sidecar');
    expect(await notes({ ...LEAST, appSecret: { create: { shop: SECRET } } }, context)).not.toContain(SECRET);
  });
});

describe('monitoring of the chart', () => {
  it('alerts and dashboard are those of k8s/monitoring, and the job is one that the alerts know', async (context) => {
    const all = { podMonitor: { enabled: true }, rules: { enabled: true }, dashboard: { enabled: true } };
    for (const name of ['wx-token-sidecar', 'other']) {
      const values = { ...LEAST, monitoring: all, fullnameOverride: name };
      const objects = await rendered(values, context, { name });
      expect(one(objects, 'PrometheusRule')['spec']).toEqual(parse(await textOf('monitoring/rules.yaml')));
      const [dashboard] = Object.values(partOf(one(objects, 'ConfigMap', '-dashboard'), 'data'));
      expect(String(dashboard).trimEnd()).toBe((await textOf('monitoring/dashboard.json')).trimEnd());
      const monitor = one(objects, 'PodMonitor');
      expect(partOf(monitor, 'metadata')['name']).toContain('wx-token');
      const [endpoint] = listOf(monitor, 'spec', 'podMetricsEndpoints');
      const [container] = podOf(one(objects, 'Deployment'))?.containers ?? [];
      expect(listOf(container, 'ports').map((port) => port['name'])).toContain(endpoint?.['port']);
      expect(partOf(monitor, 'spec', 'selector')).toEqual(
        partOf(one(objects, 'Deployment'), 'spec', 'selector'),
      );
    }
  });
});

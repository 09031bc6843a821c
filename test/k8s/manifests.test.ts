import { access } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isFetched } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { beside, filesOf, listOf, manifests, partOf, pods, textOf } from './manifests.ts';
import {
  expectApiAccess,
  expectResources,
  expectRestricted,
  expectTokensInMemory,
  expectWaiting,
} from './pod-rules.ts';
import { differencesFromStored } from './stored.ts';

const PODS = await pods();

describe('kustomization files', () => {
  it('every kustomization starts with a comment about its purpose', async () => {
    for (const file of await filesOf('kustomization.yaml')) expect(await textOf(file), file).toMatch(/^# \w/);
  });

  it('every kustomization lists exactly the files of its folder', async () => {
    const files = await filesOf('.yaml');
    for (const { file, kind, content } of await manifests()) {
      if (kind !== 'Kustomization') continue;
      const listed = Array.isArray(content['resources']) ? content['resources'].map(String) : [];
      const generated = listOf(content, 'configMapGenerator').flatMap(({ files: names }) =>
        Array.isArray(names) ? names.map(String) : [],
      );
      for (const name of [...listed, ...generated]) await access(beside(file, name));
      const folder = file.slice(0, -'kustomization.yaml'.length);
      const lying = files.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
      const missing = lying.filter((name) => ![...listed, ...generated, 'kustomization.yaml'].includes(name));
      expect(missing, file).toEqual([]);
    }
  });
});

describe('pod disruption budget', () => {
  it('unready refreshers do not block the drain of a node', async () => {
    const budget = (await manifests()).find(({ kind }) => kind === 'PodDisruptionBudget');
    expect(partOf(budget?.content, 'spec')).toMatchObject({ unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  });
});

describe('pods of the manifests', () => {
  it.each(PODS)('the pod of $file meets the restricted pod security standard', expectRestricted);

  it.each(PODS)('the pod of $file sets its resources and gets API access only if needed', (pod) => {
    expectResources(pod);
    expectApiAccess(pod, pod.spec['serviceAccountName'] === 'wx-token-sidecar');
  });

  it.each(PODS)('the pod of $file keeps tokens in a memory folder that apps mount read-only', (pod) =>
    expectTokensInMemory(pod, (image) => image === 'wx-token-sidecar'),
  );

  it.each(PODS)('the pod of $file makes any app wait for the token', expectWaiting);
});

describe('the shared Secret and Lease', () => {
  it('the Secret has no data and the Lease no spec that a second apply would reset', async () => {
    const found = await manifests();
    const secrets = found.filter(({ kind }) => kind === 'Secret');
    expect(secrets).toHaveLength(1);
    for (const key of ['data', 'stringData', 'immutable'])
      expect(secrets[0]?.content).not.toHaveProperty(key);
    const leases = found.filter(({ kind }) => kind === 'Lease');
    expect(leases).toHaveLength(1);
    expect(leases[0]?.content).not.toHaveProperty('spec');
  });

  it('the Roles allow only the needed verbs on the named Secret and Lease', async () => {
    const found = await manifests();
    const rules = found.filter(({ kind }) => kind === 'Role').map(({ content }) => content['rules']);
    expect(rules).toEqual([
      [
        {
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: ['wx-token'],
          verbs: ['get', 'patch', 'watch'],
        },
        {
          apiGroups: ['coordination.k8s.io'],
          resources: ['leases'],
          resourceNames: ['wx-token-sidecar'],
          verbs: ['get', 'update', 'watch'],
        },
      ],
      [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['wx-token'], verbs: ['get', 'watch'] }],
    ]);
  });
});

describe('configurations of the manifests', () => {
  it.each(['base/config.yaml', 'examples/mirror/config.yaml'])(
    '%s is a valid configuration that names the shared Secret',
    async (file) => {
      // Without what it is going to be used for no AppSecret has to be there.
      const options = { file: beside(file, 'config.yaml'), publishes: false, fetches: false };
      const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1' };
      const { cluster, credentials } = await loadConfig(environment, options);
      expect(credentials).toHaveLength(1);
      const [secret] = credentials.map((one) => (isFetched(one) ? cluster?.secret : one.from));
      // That of the refreshers is where they are, wherever that is.
      const place = file.startsWith('base/') ? {} : { namespace: 'wx-token', credential: 'shop' };
      expect(secret).toEqual({ name: 'wx-token', ...place });
    },
  );
});

describe('a second kubectl apply', () => {
  it('every manifest says what it says as the server stores it, so that nothing is told as configured', async () => {
    for (const { file, content } of await manifests())
      if (content['kind'] !== undefined) expect(differencesFromStored(content), file).toEqual([]);
  });

  it('the rule finds defaults that are left out of what is compared as a whole, and nothing else', () => {
    const container = { name: 'a', image: 'b', ports: [{ containerPort: 1 }] };
    const pod = (more: object) => ({ template: { spec: { containers: [container], ...more } } });
    const api = { path: 'n', fieldRef: { fieldPath: 'metadata.namespace' } };
    const sources = [{ downwardAPI: { items: [api] } }, { serviceAccountToken: { path: 't' } }];
    const found = (kind: string, spec: object) => differencesFromStored({ kind, spec });
    expect(found('Deployment', { replicas: 2, ...pod({}) })).toEqual([]);
    expect(found('Deployment', { strategy: { rollingUpdate: { maxSurge: 0 } } })).toEqual([
      'Deployment.spec.strategy.type: the server stores "RollingUpdate"',
      'Deployment.spec.strategy.rollingUpdate.maxUnavailable: the server stores "25%"',
    ]);
    expect(found('NetworkPolicy', { egress: [{ ports: [{ port: 443 }] }] })).toEqual([
      'NetworkPolicy.spec.egress.ports.protocol: the server stores "TCP"',
    ]);
    const volumes = 'Deployment.spec.template.spec.volumes';
    expect(found('Deployment', pod({ volumes: [{ name: 'v', projected: { sources } }] }))).toEqual([
      `${volumes}.projected.sources.downwardAPI.items.fieldRef.apiVersion: the server stores "v1"`,
      `${volumes}.projected.sources.serviceAccountToken.expirationSeconds: the server stores 3600`,
    ]);
    for (const sizeLimit of ['1024Mi', '1000m', '01Mi', '1.5Gi']) {
      expect(found('Deployment', pod({ volumes: [{ name: 'v', emptyDir: { sizeLimit } }] }))).toEqual([
        `${volumes}.emptyDir.sizeLimit: the server stores ${sizeLimit} in other words`,
      ]);
    }
    expect(found('Deployment', { strange: 1 })).toEqual([
      'Deployment.spec.strange: the rule does not know this field',
    ]);
    expect(found('Strange', {})).toEqual(['Strange: the rule does not know Strange']);
  });
});

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Built, built, overlaid, WORKLOADS, withSidecar, workload } from './kustomize.ts';
import { AS_KUBECTL, filesOf, listOf, type Part, partOf, podOf, sidecarPatch, textOf } from './manifests.ts';
import { expectRestricted, expectTokensInMemory, expectWaiting } from './pod-rules.ts';

const FOLDERS = await filesOf('kustomization.yaml');

function only(objects: readonly Built[], kind: string): Built {
  const found = objects.filter((object) => object.kind === kind);
  if (found.length !== 1 || !found[0]) throw new Error(`there are ${found.length} of ${kind}`);
  return found[0];
}

/** What the Role allows of each resource by name, and what the daemon is told to use. */
function namesOf(objects: readonly Built[]) {
  const rules = listOf(only(objects, 'Role').content, 'rules');
  const allowed = (resource: string) =>
    rules.find(({ resources }) => Array.isArray(resources) && resources.includes(resource))?.[
      'resourceNames'
    ];
  const config: unknown = parse(
    String(partOf(only(objects, 'ConfigMap').content, 'data')['config.yaml'] ?? ''),
  );
  return {
    allowed: { lease: allowed('leases'), secret: allowed('secrets') },
    used: { lease: partOf(config, 'cluster', 'lease'), secret: partOf(config, 'cluster', 'secret') },
  };
}

/** Whom the Deployment, its spread, the budget and the policy mean. */
function selectorsOf(objects: readonly Built[]) {
  const spec = partOf(only(objects, 'Deployment').content, 'spec');
  return [
    partOf(spec, 'selector', 'matchLabels'),
    partOf(listOf(spec, 'template', 'spec', 'topologySpreadConstraints')[0], 'labelSelector', 'matchLabels'),
    partOf(only(objects, 'PodDisruptionBudget').content, 'spec', 'selector', 'matchLabels'),
    partOf(only(objects, 'NetworkPolicy').content, 'spec', 'podSelector', 'matchLabels'),
  ];
}

describe('kustomizations', () => {
  it.for(FOLDERS)(
    'kustomize builds %s with a namespace for every RoleBinding subject',
    async (file, context) => {
      const objects = await built(file, context);
      expect(objects.length).toBeGreaterThan(0);
      // What reads tokens of another namespace is given that there, by name.
      for (const { content } of objects.filter(({ kind }) => kind === 'RoleBinding')) {
        expect(listOf(content, 'subjects')).toEqual([
          { kind: 'ServiceAccount', name: expect.any(String), namespace: expect.any(String) },
        ]);
      }
    },
  );

  it.for(FOLDERS)('%s shows in a comment how to set another image', async (file) => {
    expect(await textOf(file)).toMatch(/^images:\n(^ {2}#.*\n)*^ {2}# newName: registry\.example\.com\//m);
  });
});

describe('component that adds the sidecar', () => {
  it('the sidecar that the component adds is held as strictly as that of the examples', async () => {
    const sidecarOf = async (file: string) => {
      const spec = partOf(parse(await textOf(file), AS_KUBECTL), 'spec', 'template', 'spec');
      return listOf(spec, 'initContainers').find(({ name }) => name === 'wx-token') ?? {};
    };
    const added = await sidecarOf('components/sidecar/sidecar.yaml');
    const example = await sidecarOf('examples/sidecar-php/deployment.yaml');
    for (const key of ['restartPolicy', 'ports', 'startupProbe', 'livenessProbe', 'resources', 'image']) {
      expect(added[key], key).toEqual(example[key]);
    }
    // The pod is the app's own: what its securityContext should say is said of the container.
    expect(added['securityContext']).toEqual({
      ...partOf(example, 'securityContext'),
      ...{ runAsNonRoot: true, runAsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    });
  });
});

/** An app with things of its own, some of which have names that many have. */
const APP: Part = {
  initContainers: [{ name: 'migrate', image: 'shop' }],
  containers: [
    {
      name: 'shop',
      image: 'shop',
      ports: [{ name: 'http', containerPort: 8080 }],
      volumeMounts: [{ name: 'wx', mountPath: '/var/run/wx', readOnly: true }],
    },
  ],
  volumes: [
    { name: 'config', configMap: { name: 'shop' } },
    { name: 'appsecret', secret: { secretName: 'shop' } },
  ],
};

describe('pods that get the sidecar by the component', () => {
  it('a CronJob gets what all others get', async () => {
    const patch: unknown = parse(await textOf('components/sidecar/sidecar-of-cron-job.yaml'), AS_KUBECTL);
    expect(partOf(patch, 'spec', 'jobTemplate', 'spec', 'template', 'spec')).toEqual(await sidecarPatch());
  });

  it.for(WORKLOADS)('a %s gets the sidecar and keeps what it has', async (kind, context) => {
    const objects = await withSidecar([workload(kind, APP)], context);
    const pod = podOf(only(objects, kind).content);
    if (!pod) throw new Error('there is no pod');
    const patch = await sidecarPatch();
    const [sidecar] = listOf(patch, 'initContainers');
    // First of all, so that the app's own init containers have the token as well.
    expect(listOf(pod.spec, 'initContainers')).toEqual([
      { ...sidecar, image: 'wx-token-sidecar:0.1.0' },
      ...listOf(APP, 'initContainers'),
    ]);
    expect(pod.spec['containers']).toEqual(APP['containers']);
    expect(listOf(pod.spec, 'volumes')).toEqual(
      expect.arrayContaining([...listOf(APP, 'volumes'), ...listOf(patch, 'volumes')]),
    );
    expect(listOf(pod.spec, 'volumes')).toHaveLength(5);
    expect(pod.spec['securityContext']).toEqual({ fsGroup: 1000 });
    expectRestricted({ ...pod, containers: pod.containers.slice(0, 1) });
    expectTokensInMemory(pod, (image) => String(image).startsWith('wx-token-sidecar'));
    expectWaiting(pod);
    const config = partOf(parse(String(partOf(only(objects, 'ConfigMap').content, 'data')['config.yaml'])));
    expect(listOf(config, 'credentials')).toMatchObject([{ secretFile: '/etc/wx-token/shop' }]);
  });

  it('an app keeps its own fsGroup by the patch that the component shows', async (context) => {
    const shown = (await textOf('components/sidecar/kustomization.yaml')).match(
      /^# {3}patches:\n(?:# {5}.*\n)+/m,
    );
    const { patches } = parse(String(shown).replaceAll(/^# {3}/gm, ''));
    const securityContext = { fsGroup: 3000, runAsUser: 33 };
    const app = workload('Deployment', { ...APP, securityContext });
    const specOf = async (overlay: Part) =>
      podOf(only(await withSidecar([app], context, overlay), 'Deployment').content)?.spec['securityContext'];
    expect(await specOf({ patches })).toEqual({ fsGroup: 2000, runAsUser: 33 });
    expect(await specOf({})).toEqual({ fsGroup: 1000, runAsUser: 33 });
  });
});

describe('refresher manifests', () => {
  it('refreshers may use their configured Lease and Secret and are selected by component and instance', async (context) => {
    const objects = await built('base/kustomization.yaml', context);
    expect(namesOf(objects)).toEqual({
      allowed: { lease: ['wx-token-sidecar'], secret: ['wx-token'] },
      used: { lease: { name: 'wx-token-sidecar' }, secret: { name: 'wx-token' } },
    });
    for (const selector of selectorsOf(objects)) {
      expect(selector).toMatchObject({
        'app.kubernetes.io/component': 'refresher',
        'app.kubernetes.io/instance': 'wx-token-sidecar',
      });
    }
  });

  it('refreshers can be moved to another namespace as a whole', async (context) => {
    const objects = await overlaid({ namespace: 'elsewhere' }, {}, context);
    expect(new Set(objects.map(({ namespace }) => namespace))).toEqual(new Set(['elsewhere']));
    // The namespace of the pod is where they look.
    const { lease, secret } = namesOf(objects).used;
    expect([lease['namespace'], secret['namespace']]).toEqual([undefined, undefined]);
    const subjects = listOf(only(objects, 'RoleBinding').content, 'subjects');
    expect(subjects).toMatchObject([{ namespace: 'elsewhere' }]);
  });

  it('a second set of refreshers in one namespace gets its own names and selectors', async (context) => {
    const config = (await textOf('base/config.yaml'))
      .replace('name: wx-token-sidecar', 'name: wx-token-sidecar-two')
      .replace('name: wx-token ', 'name: wx-token-two ');
    const patch = [{ op: 'replace', path: '/rules/1/resourceNames/0', value: 'wx-token-sidecar-two' }];
    const second = {
      nameSuffix: '-two',
      labels: [{ pairs: { 'app.kubernetes.io/instance': 'two' }, includeSelectors: true }],
      configMapGenerator: [{ name: 'wx-token-config', behavior: 'replace', files: ['config.yaml'] }],
      generatorOptions: { disableNameSuffixHash: true },
      patches: [{ target: { kind: 'Role' }, patch: JSON.stringify(patch) }],
    };
    const objects = await overlaid(second, { 'config.yaml': config }, context);
    const [lease, secret] = ['wx-token-sidecar-two', 'wx-token-two'];
    expect([only(objects, 'Lease').name, only(objects, 'Secret').name]).toEqual([lease, secret]);
    expect(namesOf(objects)).toEqual({
      allowed: { lease: [lease], secret: [secret] },
      used: { lease: { name: lease }, secret: { name: secret } },
    });
    for (const selector of selectorsOf(objects)) {
      expect(selector).toMatchObject({ 'app.kubernetes.io/instance': 'two' });
    }
  });
});

describe('mirror manifests', () => {
  it('a mirror runs in the namespace of the app with a Role beside the refreshers', async (context) => {
    const objects = await built('examples/mirror/kustomization.yaml', context);
    const places = objects.map(({ kind, namespace }) => `${kind} in ${String(namespace)}`).sort();
    expect(places).toEqual([
      'ConfigMap in shop',
      'Deployment in shop',
      'Role in wx-token',
      'RoleBinding in wx-token',
      'ServiceAccount in shop',
    ]);
    expect(listOf(only(objects, 'RoleBinding').content, 'subjects')).toEqual([
      { kind: 'ServiceAccount', name: only(objects, 'ServiceAccount').name, namespace: 'shop' },
    ]);
  });
});

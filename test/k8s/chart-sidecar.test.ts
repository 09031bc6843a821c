import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { parse, stringify } from 'yaml';
import { differencesBetween } from './differences.ts';
import { CHART, configIn, folderFor, LEAST, one, rendered } from './helm.ts';
import type { Built } from './kustomize.ts';
import { listOf, type Part, partOf, podOf, sidecarPatch, textOf } from './manifests.ts';
import { expectRestricted, expectTokensInMemory, expectWaiting } from './pod-rules.ts';
import { differencesFromStored } from './stored.ts';

/** The lines of the README that go into a pod, so many columns further to the right. */
async function linesForPods(columns: number): Promise<string> {
  const [, lines = ''] =
    /```yaml\n# In the template of a .*\nspec:\n([\s\S]*?)```/.exec(await textOf('chart/README.md')) ?? [];
  return lines
    .replaceAll(/^(?=.)/gm, ' '.repeat(columns))
    .replaceAll(/nindent (\d+)/g, (_, count: string) => `nindent ${Number(count) + columns}`);
}

/** Objects that make pods, as the chart of an app has them. */
const TEMPLATES = {
  Deployment: async () => `apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: {{ .Release.Namespace }} }
spec:
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
${await linesForPods(4)}`,
  StatefulSet: async () => `apiVersion: apps/v1
kind: StatefulSet
metadata: { name: shop, namespace: {{ .Release.Namespace }} }
spec:
  serviceName: shop
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
${await linesForPods(4)}`,
  CronJob: async () => `apiVersion: batch/v1
kind: CronJob
metadata: { name: shop, namespace: {{ .Release.Namespace }} }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
${await linesForPods(8)}`,
} as const;

type Kind = keyof typeof TEMPLATES;

/** What the chart of an app that depends on this one comes to, as the README says to write it. */
async function renderedApp(kind: Kind, values: Part, context: TestContext): Promise<readonly Built[]> {
  const chart = join(await folderFor(context), 'shop');
  const { version } = parse(await textOf('chart/Chart.yaml'));
  const dependency = { name: 'wx-token-sidecar', alias: 'wxtoken', version, repository: `file://${CHART}` };
  const about = { apiVersion: 'v2', name: 'shop', version: '1.0.0', dependencies: [dependency] };
  await mkdir(join(chart, 'templates'), { recursive: true });
  await writeFile(join(chart, 'Chart.yaml'), stringify(about));
  await writeFile(join(chart, 'templates', 'app.yaml'), await TEMPLATES[kind]());
  // Where `helm dependency update` puts it.
  await cp(CHART, join(chart, 'charts', 'wx-token-sidecar'), { recursive: true, dereference: true });
  return rendered({ wxtoken: { mode: 'sidecar', ...LEAST, ...values } }, context, { chart, name: 'shop' });
}

describe('sidecar in the chart of an app', () => {
  it.for(Object.keys(TEMPLATES) as Kind[])(
    'a %s gets the sidecar of k8s/components, and its app reads the token',
    async (kind, context) => {
      const objects = await renderedApp(kind, {}, context);
      const pod = podOf(one(objects, kind));
      if (!pod) throw new Error('there is no pod');
      const [sidecar, app] = pod.containers;
      expect(pod.containers).toHaveLength(2);
      const component = await sidecarPatch();
      const [expected] = listOf(component, 'initContainers');
      const sidecars = differencesBetween({ ...expected }, { ...sidecar });
      expect(sidecars).toEqual([
        expect.stringMatching(/^image: "wx-token-sidecar" → "wx-token-sidecar:\d+\.\d+\.\d+"$/),
        'imagePullPolicy: nothing → "IfNotPresent"',
      ]);
      expect(partOf(pod.spec, 'securityContext')).toEqual(partOf(component, 'securityContext'));
      const name = objects.find((object) => object.kind === 'ConfigMap')?.name;
      expect(differencesBetween(listOf(component, 'volumes'), listOf(pod.spec, 'volumes'))).toEqual([
        '[0].emptyDir.sizeLimit: "1Mi" → "4Mi"',
        `[2].configMap.name: "wx-token-config" → "${name}"`,
      ]);
      expect(app).toEqual({
        name: 'app',
        volumeMounts: [{ name: 'wx', mountPath: '/var/run/wx', readOnly: true }],
      });
      expectRestricted({ ...pod, containers: [sidecar ?? {}] });
      expectTokensInMemory(pod, (image) => image !== undefined);
      expectWaiting(pod);
      for (const { content } of objects) expect(differencesFromStored(content)).toEqual([]);
    },
  );

  it('the chart adds the configuration and nothing that runs', async (context) => {
    const objects = await renderedApp('Deployment', {}, context);
    expect(objects.map(({ kind, namespace }) => `${kind} ${namespace}`).sort()).toEqual([
      'ConfigMap wx-token',
      'Deployment wx-token',
    ]);
    const config = configIn(one(objects, 'ConfigMap'));
    expect(config).toEqual({
      http: { listen: '0.0.0.0:9400' },
      credentials: [
        {
          ...listOf(LEAST, 'accounts')[0],
          secretFile: '/etc/wx-token/shop',
          publish: [{ type: 'file', path: '/var/run/wx/shop/token' }],
        },
      ],
    });
  });
});

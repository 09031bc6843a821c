import { describe, expect, it, type TestContext } from 'vitest';
import { sha256 } from '../e2e/workbench.ts';
import { type Workload, withSidecar, workload } from '../k8s/kustomize.ts';
import { type Part, partOf, podOf } from '../k8s/manifests.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { imageFor } from './engine.ts';
import { endByTerm, readBy, startUp, statusOf, TOKEN } from './example.ts';
import { containerOf } from './plan.ts';
import { startPod } from './pod.ts';
import { planOfPod } from './pod-plan.ts';

/** Of the app: neither the uid nor the first group of the daemon. */
const USER = 33;

/** An app that knows nothing of the sidecar but the folder of the token, and says what it reads there. */
const APP: Part = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'app',
      image: 'app',
      command: ['sh', '-c', `cat ${TOKEN}`],
      securityContext: {
        ...{
          runAsUser: USER,
          runAsGroup: USER,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
        },
        capabilities: { drop: ['ALL'] },
      },
      resources: { limits: { memory: '64Mi' } },
      volumeMounts: [{ name: 'wx', mountPath: '/var/run/wx', readOnly: true }],
    },
  ],
};

/** The pod of such an app with the sidecar of the component, brought as far as the start of the app. */
async function injected(context: TestContext, kind: Workload, overlay: Part = {}) {
  await imageFor(context);
  const objects = await withSidecar([workload(kind, APP)], context, overlay);
  const pod = objects.flatMap(({ content }) => podOf(content) ?? [])[0];
  if (!pod) throw new Error(`there is no pod in the ${kind}`);
  const config = objects.find((object) => object.kind === 'ConfigMap');
  const text = String(partOf(config?.content, 'data')['config.yaml']);
  const plan = planOfPod(pod.spec, {
    'wx-appsecret': { shop: TEST_ACCOUNT.secret },
    'wx-token-config': { 'config.yaml': text.replace('wx0000000000000000', TEST_ACCOUNT.appId) },
  });
  const started = await startPod(plan.volumes, [], context.onTestFinished);
  const sidecarPlan = containerOf(plan, 'wx-token');
  const sidecar = await started.start(sidecarPlan);
  await startUp(started, sidecarPlan, sidecar);
  return { pod: started, plan, sidecar };
}

describe('pods that got the sidecar by the component', () => {
  it.for<readonly [Workload, number, Part]>([
    ['Deployment', 1000, {}],
    [
      'StatefulSet',
      2000,
      {
        patches: [
          {
            target: { kind: 'StatefulSet' },
            patch: '[{"op": "add", "path": "/spec/template/spec/securityContext/fsGroup", "value": 2000}]',
          },
        ],
      },
    ],
  ])(
    'the app of a %s reads the token as another user, by the group %i',
    async ([kind, group, overlay], context) => {
      const { pod, plan, sidecar } = await injected(context, kind, overlay);
      const app = await pod.start(containerOf(plan, 'app'), { instead: ['sleep', 'infinity'] });
      expect((await pod.fetches()).map(({ tokenSha256 }) => tokenSha256)).toEqual([
        sha256(await readBy(app)),
      ]);

      expect((await app.exec('stat', '--format', '%a %u %g', TOKEN)).output.trim()).toBe(`640 1000 ${group}`);
      const ids = (await app.exec('id', '-G')).output.trim().split(' ');
      expect([(await app.exec('id', '-u')).output.trim(), ids]).toEqual([`${USER}`, [`${USER}`, `${group}`]]);
      expect((await app.exec('touch', `${TOKEN}.new`)).complaint).toContain('Read-only file system');
      expect((await app.exec('ls', '/etc/wx-token')).complaint).toContain('No such file');
      expect(await statusOf(sidecar)).toMatchObject({ NoNewPrivs: '1', Seccomp: '2' });
      expect((await statusOf(sidecar))['CapBnd']).toMatch(/^0+$/);
      expect((await endByTerm(sidecar)).code).toBe(0);
    },
  );

  it('a run of a CronJob reads the token and ends, and so does its sidecar', async (context) => {
    const { pod, plan, sidecar } = await injected(context, 'CronJob');
    // What the manifest lets it do, and nothing in its place.
    const app = await pod.start(containerOf(plan, 'app'));
    expect(await app.ended()).toBe(0);
    const [fetch, ...more] = await pod.fetches();
    expect(more).toEqual([]);
    expect(sha256((await app.log()).trim())).toBe(fetch?.tokenSha256);
    // The kubelet, once all containers that are no sidecars have ended.
    expect((await endByTerm(sidecar)).code).toBe(0);
  });
});

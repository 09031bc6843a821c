import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../e2e/workbench.ts';
import { partOf } from '../k8s/manifests.ts';
import { eventually } from '../support/wait.ts';
import {
  endByTerm,
  example,
  probe,
  readBy,
  sidecarExample,
  startUp,
  statusOf,
  TOKEN,
  whyNotMade,
} from './example.ts';
import { memoryOf } from './memory.ts';
import { bytesOf, containerOf } from './plan.ts';

/** What the daemon guarantees: it ends that soon after TERM. */
const PARTING = 5_000;

/** A token is replaced about every two seconds. */
const SHORT = {
  rules: ['--token-ttl', '6s', '--rotation-window', '5s'],
  env: { WXTOKEN_ROTATION_WINDOW: '5s' },
};

const megabytes = (count: number | undefined) => (count === undefined ? 'unknown' : `${count.toFixed(1)} MB`);

describe('pod of the sidecar example', () => {
  it('the sidecar is confined as the manifest says', async (context) => {
    const { sidecar, sidecarPlan, security, told } = await sidecarExample(context);
    const own = partOf(told('wx-token'), 'securityContext');
    const status = await statusOf(sidecar);

    expect(status['Uid']?.split(/\s+/)[0]).toBe(String(own['runAsUser']));
    expect(status['Groups']?.split(' ')).toContain(String(security['fsGroup']));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status[set], set).toMatch(/^0+$/);
    }
    expect(status).toMatchObject({ NoNewPrivs: '1', Seccomp: '2' });
    for (const folder of ['/', '/run', '/opt/wx-token-sidecar', '/etc/wx-token']) {
      expect(await whyNotMade(sidecar, join(folder, 'new')), folder).toBe('EROFS');
    }
    const { limit } = await memoryOf(sidecar);
    if (limit === undefined) process.stdout.write('what memory it may have cannot be read here\n');
    else expect(limit).toBe(sidecarPlan.memoryLimit);
  });

  it('the app can read the token under its own user and nothing more', async (context) => {
    const { app, pod, security, told } = await sidecarExample(context);
    const owner = partOf(told('wx-token'), 'securityContext')['runAsUser'];
    const reader = partOf(told('app'), 'securityContext')['runAsUser'];

    expect((await app.exec('id', '-u')).output.trim()).toBe(String(reader));
    expect(reader).not.toBe(owner);
    const { output: owned } = await app.exec('stat', '--format', '%a %u %g', TOKEN);
    const mode = /WXTOKEN_FILE_MODE=(\d+)/.exec(JSON.stringify(told('wx-token')['env']))?.[1] ?? '0640';
    expect(owned.trim()).toBe(`${mode.replace(/^0/, '')} ${owner} ${security['fsGroup']}`);
    const [fetch, ...more] = await pod.fetches();
    expect(more).toEqual([]);
    expect(sha256(await readBy(app))).toBe(fetch?.tokenSha256);

    for (const attempt of [
      `echo x > ${TOKEN}`,
      `rm ${TOKEN}`,
      `touch ${TOKEN}.new`,
      `mv ${TOKEN} ${TOKEN}.json`,
    ]) {
      const { code, complaint } = await app.exec('sh', '-c', attempt);
      expect(code, attempt).not.toBe(0);
      expect(complaint, attempt).toContain('Read-only file system');
    }
    expect((await app.exec('ls', '/etc/wx-token')).complaint).toContain('No such file');
    expect((await app.exec('ls', '/var/run/wx/.wx-token-sidecar')).complaint).toContain('Permission denied');
  });

  it('the token volume lies in memory with the size of the manifest', async (context) => {
    const { app, plan } = await sidecarExample(context);
    const { output } = await app.exec('stat', '--file-system', '--format', '%T %b %S', '/var/run/wx');
    const [type, blocks, size] = output.trim().split(' ');

    expect(type).toBe('tmpfs');
    const { options } = plan.volumes.find(({ name }) => name === 'wx') ?? {};
    const room = bytesOf(/nr_blocks=(\d+)/.exec(String(options))?.[1]) * 4096;
    expect(Number(blocks) * Number(size)).toBe(room);
  });

  it('the startup probe passes once there is a token, the liveness probe before', async (context) => {
    const { plan, pod } = await example(context, 'sidecar-php');
    const sidecarPlan = containerOf(plan, 'wx-token');
    // A port at which nobody listens.
    const cutOff = await pod.start(sidecarPlan, { env: { WXTOKEN_API_BASE_URL: 'http://127.0.0.1:9' } });
    const asked = (name: string) => probe(pod, sidecarPlan, name);
    await eventually(async () => (await asked('livenessProbe')) === 200, { for: 'the livenessProbe' });
    expect(await asked('startupProbe')).toBe(503);
    expect((await endByTerm(cutOff)).code).toBe(0);

    const sidecar = await pod.start(sidecarPlan);
    await startUp(pod, sidecarPlan, sidecar);
    expect(await asked('livenessProbe')).toBe(200);
  });

  it('the sidecar makes an unforced platform call on HUP', async (context) => {
    const { app, pod, sidecar } = await sidecarExample(context);
    const before = await readBy(app);
    await sidecar.signal('HUP');
    await eventually(async () => (await pod.fetches()).length === 2, { for: 'the refresh' });

    // A sidecar that shares nothing with those of other pods does not force.
    expect((await pod.fetches()).map(({ force }) => force)).toEqual([false, false]);
    expect(await readBy(app)).toBe(before);
  });

  it('the sidecar ends within five seconds of TERM and restarts without a call', async (context) => {
    const { app, pod, sidecar, sidecarPlan } = await sidecarExample(context);
    const before = await readBy(app);
    const { code, ms } = await endByTerm(sidecar);
    process.stdout.write(`ended with ${code}, ${ms} ms after TERM, podman's own time included\n`);

    expect(code).toBe(0);
    expect(ms).toBeLessThan(PARTING);
    // The app reads on meanwhile.
    expect(await readBy(app)).toBe(before);
    await sidecar.again();
    await startUp(pod, sidecarPlan, sidecar);
    expect(await readBy(app)).toBe(before);
    expect(await pod.fetches()).toHaveLength(1);
  });

  it('the app sees each new token while the sidecar stays within its memory limit', async (context) => {
    const { app, pod, sidecar, sidecarPlan } = await sidecarExample(context, SHORT);
    const seen = new Set<string>();
    await eventually(async () => seen.add(await readBy(app)).size > 5, { for: 'five rotations' });

    const issued = (await pod.fetches()).map(({ tokenSha256 }) => tokenSha256);
    expect(issued).toEqual(expect.arrayContaining([...seen].map(sha256)));
    const { process: highest, peak, limit } = await memoryOf(sidecar);
    process.stdout.write(
      `at most ${megabytes(highest)} resident, ${megabytes(peak)} of it charged to the container, of ${megabytes(limit)}\n`,
    );
    expect(highest).toBeLessThan(sidecarPlan.memoryLimit);
    if (peak !== undefined) expect(peak).toBeLessThan(sidecarPlan.memoryLimit);
  });
});

describe('pod for Kubernetes before 1.29', () => {
  it('the init container publishes before the app starts, and the sidecar makes no call', async (context) => {
    const { plan, pod } = await example(context, 'pre-1.29');
    const first = await pod.start(containerOf(plan, 'wx-token-first'));
    expect(await first.ended(), await first.log()).toBe(0);
    const sidecarPlan = containerOf(plan, 'wx-token');
    const sidecar = await pod.start(sidecarPlan);
    const app = await pod.start(containerOf(plan, 'app'));
    await eventually(async () => (await probe(pod, sidecarPlan, 'livenessProbe')) === 200, {
      for: 'the livenessProbe',
    });

    // What the example's own command prints: the length of the token.
    expect(await eventually(() => app.log(), { for: 'the app' })).toMatch(/^\d{3,} \/var\/run\/wx\/token$/m);
    await eventually(async () => (await sidecar.log()).includes('adopted a stored'), {
      for: 'the take-over',
    });
    expect(await pod.fetches()).toHaveLength(1);
    expect((await endByTerm(sidecar)).code).toBe(0);
  });
});

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { contentOf } from '../support/files.ts';
import { startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { type ClusterBench, clusterBench, SECRETS } from './kubernetes.ts';

/** Waits until the Secret holds a token, another one than `than` if given. */
function inSecret({ secret }: ClusterBench, than?: string): Promise<string> {
  return eventually(() => secret()['token'] !== than && secret()['token'], { for: 'a token in the Secret' });
}

describe.concurrent('publishing into a Secret', () => {
  it.for(['stable-token', 'access-token'] as const)(
    'the Secret and the file both get each new %s and other keys stay',
    async (type, { onTestFinished }) => {
      const bench = await clusterBench(onTestFinished, { type });
      const daemon = bench.start();
      const first = await inSecret(bench);
      expect(first).toBe(await bench.newToken());
      const { other, 'token.json': details = '' } = bench.secret();
      expect([other, JSON.parse(details).access_token]).toEqual(['of us', first]);

      daemon.signal('SIGHUP');
      const second = await inSecret(bench, first);
      expect(second).toBe(await bench.newToken(first));
      await daemon.logged(({ target }) => target === 'kubernetes-secret/shop/wx-token/token');
      daemon.signal('SIGTERM');
      expect(await daemon.exited).toEqual({ code: 0, signal: null });
      // Nothing that it said or did gave it away.
      expect(daemon.stderr() + daemon.stdout()).not.toMatch(
        new RegExp(`${first}|${second}|${bench.server.adminToken}`),
      );
    },
  );

  it('a missing Secret is logged in one line and the file is published all the same', async ({
    onTestFinished,
  }) => {
    const bench = await clusterBench(onTestFinished);
    bench.server.direct('DELETE', `${SECRETS}/wx-token`);
    const daemon = bench.start();
    const token = await bench.newToken();
    const line = await daemon.logged(({ code }) => code === 'kube-missing');
    expect(line).toMatchObject({
      level: 'error',
      credential: 'shop',
      target: 'kubernetes-secret/shop/wx-token/token',
      message: 'there is no Secret shop/wx-token, or no namespace shop',
    });
    bench.server.direct('POST', SECRETS, { metadata: { name: 'wx-token' } });
    expect(await inSecret(bench)).toBe(token);
  });

  it('a frozen API server delays neither the published file nor the stop of the daemon', async ({
    onTestFinished,
  }) => {
    const bench = await clusterBench(onTestFinished, { type: 'access-token' });
    const daemon = bench.start();
    const first = await inSecret(bench);
    bench.server.freeze();
    daemon.signal('SIGHUP');
    const second = await bench.newToken(first);
    await daemon.logged(
      ({ code, target }) => /^kube-/.test(String(code)) && /^kubernetes-secret/.test(String(target)),
    );
    expect(bench.secret()['token']).toBe(first);
    bench.server.thaw();
    await eventually(() => bench.secret()['token'] === second);
    bench.server.freeze();
    daemon.signal('SIGHUP');
    await bench.newToken(second);
    daemon.signal('SIGTERM');
    expect((await daemon.exited).code).toBe(0);
    // By itself, and not because the time for it was over.
    expect(daemon.log().at(-1)?.message).toBe('stopped');
  });

  it('a Secret can be the only target when a state folder is given', async ({ onTestFinished }) => {
    const bench = await clusterBench(onTestFinished, { withFile: false, target: { format: 'env' } });
    const daemon = bench.start(['once']);
    expect((await daemon.exited).code).toBe(0);
    expect(bench.secret()['token']).toMatch(/^WX_ACCESS_TOKEN=[\w-]+\n/);
    expect(await contentOf(bench.file)).toBeUndefined();
    // Again, and again from nothing: the platform brings the same token, and nothing has to be written.
    const { resourceVersion } = bench.server.direct('GET', `${SECRETS}/wx-token`)?.metadata ?? {};
    expect((await bench.start(['once']).exited).code).toBe(0);
    expect(bench.server.direct('GET', `${SECRETS}/wx-token`)?.metadata.resourceVersion).toBe(resourceVersion);
    expect(await bench.fetches()).toHaveLength(1);
  });

  it('the daemon exits with 78 and says why when there is no cluster', async ({ onTestFinished }) => {
    const bench = await clusterBench(onTestFinished);
    for (const KUBECONFIG of ['', '/nowhere/config']) {
      const daemon = startProgram([], { env: { ...bench.clusterEnv, KUBECONFIG } }, onTestFinished);
      expect((await daemon.exited).code).toBe(78);
      expect(daemon.stderr()).toMatch(
        /^.*kubernetes-secret\/shop\/wx-token\/token: .*(no Kubernetes here|ENOENT)/m,
      );
    }
    expect(await bench.fetches()).toEqual([]);
  });
});

describe.concurrent('check of a Secret', () => {
  async function check(
    bench: ClusterBench,
    atEnd: (undo: () => Promise<void>) => void,
    args: readonly string[] = [],
  ) {
    const program = startProgram(['check', ...args], { env: bench.clusterEnv }, atEnd);
    const { code } = await program.exited;
    expect(program.stdout()).not.toContain(bench.server.adminToken);
    return { code, stdout: program.stdout(), stderr: program.stderr() };
  }

  it('check describes the target Secret without asking the API server', async ({ onTestFinished }) => {
    const bench = await clusterBench(onTestFinished);
    const { code, stdout } = await check(bench, onTestFinished);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}token {8}Secret shop\/wx-token, key token: raw, details in token\.json$/m);
    expect(bench.server.heard).toEqual([]);
  });

  it('check --online reads the Secret and writes to it only as a dry run', async ({ onTestFinished }) => {
    const bench = await clusterBench(onTestFinished);
    const { code, stdout } = await check(bench, onTestFinished, ['--online']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}cluster {6}the Secret shop\/wx-token can be read and written, in \d+ ms$/m);
    expect(bench.server.heard.map(({ method, target }) => `${method} ${target}`)).toEqual([
      `GET ${SECRETS}/wx-token`,
      `PATCH ${SECRETS}/wx-token?dryRun=All`,
    ]);
    expect(bench.secret()).toEqual({ other: 'of us' });
  });

  it('check --online exits with 77 and says what to do about an immutable Secret', async ({
    onTestFinished,
  }) => {
    const bench = await clusterBench(onTestFinished);
    bench.server.direct('PATCH', `${SECRETS}/wx-token`, { immutable: true });
    const { code, stdout } = await check(bench, onTestFinished, ['--online']);
    expect(code).toBe(77);
    expect(stdout).toMatch(
      /^ {2}cluster {6}the Secret shop\/wx-token is immutable\n {2}to do {8}immutable cannot/m,
    );
  });

  it('check --online exits with 75 when the API server is down', async ({ onTestFinished }) => {
    const bench = await clusterBench(onTestFinished);
    await bench.server.down();
    const { code, stdout } = await check(bench, onTestFinished, ['--online']);
    expect(code).toBe(75);
    expect(stdout).toMatch(
      /^ {2}cluster {6}no answer from the API server 127\.0\.0\.1:\d+ .*cannot be reached/m,
    );
  });

  it('check exits with 78 when there is no cluster', async ({ onTestFinished }) => {
    const bench = await clusterBench(onTestFinished);
    const program = startProgram(['check'], { env: { ...bench.clusterEnv, KUBECONFIG: '' } }, onTestFinished);
    expect((await program.exited).code).toBe(78);
    expect(program.stderr()).toMatch(/kubernetes-secret shop\/wx-token: there is no Kubernetes here/);
  });
});

describe('imports of the daemon', () => {
  it('run and once import the Kubernetes client only on demand', async () => {
    const { build } = await import('esbuild');
    const { metafile } = await build({
      entryPoints: ['src/commands/run.ts', 'src/commands/once.ts'],
      ...{ bundle: true, write: false, outdir: 'dist', metafile: true, packages: 'external' },
      ...{ platform: 'node', format: 'esm', logLevel: 'error' },
    });
    const reached = new Set(['src/commands/run.ts', 'src/commands/once.ts']);
    for (const file of reached) {
      for (const { path, kind } of metafile.inputs[file]?.imports ?? []) {
        if (kind === 'import-statement') reached.add(path);
      }
    }
    expect(reached).toContain('src/publishers/kubernetes-secret.ts');
    const ofKubernetes = [...reached].filter((path) => path.startsWith('src/kubernetes/')).sort();
    expect(ofKubernetes).toEqual(['src/kubernetes/index.ts', 'src/kubernetes/resources.ts']);
    for (const path of ofKubernetes) expect(await readFile(path, 'utf8')).not.toMatch(/from 'undici'/);
  });
});

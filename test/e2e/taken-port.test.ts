import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runHere } from '../support/run-here.ts';
import { eventually } from '../support/wait.ts';
import { check } from './checking.ts';
import { workbench } from './workbench.ts';

/** Another program that has a port, until it is ended. */
async function occupied() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => free(server).catch(() => {}));
  const at = server.address();
  const port = typeof at === 'object' && at ? at.port : 0;
  return { address: `127.0.0.1:${port}`, free: () => free(server) };
}

async function free(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

const statusOf = (url: string) =>
  fetch(url).then(
    ({ status }) => status,
    () => undefined,
  );

describe('a port that cannot be had', () => {
  it('the daemon publishes, says which variable names the port, and serves it once the port is free', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const { address, free: release } = await occupied();
    const daemon = bench.run({ WXTOKEN_LISTEN: address });

    await bench.newToken();
    const line = await daemon.logged(/^WXTOKEN_LISTEN: cannot listen on /);
    expect(line).toMatchObject({ level: 'error', code: 'EADDRINUSE', server: 'health and metrics' });
    expect(line.message).toContain(address);

    await release();
    await daemon.logged(new RegExp(`^health and metrics on ${address}$`));
    expect(await statusOf(`http://${address}/readyz`)).toBe(200);
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toMatchObject({ code: 0 });
  });

  it('status tells what cannot be reached, as text and as JSON, and that it can again', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const { address, free: release } = await occupied();
    const daemon = bench.run({ WXTOKEN_LISTEN: address });
    await bench.newToken();

    const env = bench.env({ WXTOKEN_LISTEN: address });
    const told = await eventually(async () => {
      const { stdout } = await runHere('status', [], env);
      return stdout.includes('cannot be reached') && stdout;
    });
    expect(told).toMatch(
      new RegExp(
        `health and metrics cannot be reached: WXTOKEN_LISTEN\\n  error +cannot listen on ${address} \\(EADDRINUSE\\)`,
      ),
    );
    const { stdout } = await runHere('status', ['--json'], env);
    expect(JSON.parse(stdout).daemon.servers).toMatchObject([
      { what: 'health and metrics', setting: 'WXTOKEN_LISTEN', address, problem: { code: 'EADDRINUSE' } },
    ]);

    await release();
    await daemon.logged(/^health and metrics on /);
    await eventually(async () => !(await runHere('status', [], env)).stdout.includes('cannot be reached'));
  });

  it('an address that this machine does not have ends no daemon either', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    // TEST-NET-1 (RFC 5737): nobody's.
    const daemon = bench.run({ WXTOKEN_LISTEN: '192.0.2.1:9400' });
    await bench.newToken();
    expect(await daemon.logged(/^WXTOKEN_LISTEN: cannot listen on 192\.0\.2\.1:9400/)).toMatchObject({
      code: 'EADDRNOTAVAIL',
    });
  });

  it('a taken port of the token server is told by its key, and tried again as well', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const { address, free: release } = await occupied();
    const config = join(bench.folder, 'config.yaml');
    await writeFile(config, `tokenServer: { listen: "${address}" }\n`);
    const daemon = bench.run({ WXTOKEN_CONFIG: config });
    const token = await bench.newToken();
    await daemon.logged(/^tokenServer\.listen: cannot listen on /);
    await release();
    await daemon.logged(/^token server on /);
    expect(await (await fetch(`http://${address}/`)).json()).toMatchObject({ accessToken: token });
  });

  it('a malformed address is a mistake of the configuration, at start', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const daemon = bench.run({ WXTOKEN_LISTEN: '127.0.0.1' });
    expect(await daemon.exited).toMatchObject({ code: 78 });
  });

  it('check warns of it, and not of the port that the running daemon has', async (ctx) => {
    const bench = await workbench(ctx.onTestFinished);
    const { address, free: release } = await occupied();
    const taken = await check(bench, { WXTOKEN_LISTEN: address });
    expect(taken.code).toBe(0);
    expect(taken.stdout).toContain(`WXTOKEN_LISTEN: nothing can listen on ${address} now (EADDRINUSE)`);

    await release();
    const daemon = bench.run({ WXTOKEN_LISTEN: address });
    await daemon.logged(/^health and metrics on /);
    const served = await eventually(async () => {
      const { stdout } = await runHere('check', [], bench.env({ WXTOKEN_LISTEN: address }));
      return stdout.includes('where the running daemon') && stdout;
    });
    expect(served).not.toContain('nothing can listen');
  });
});

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startProgram } from '../support/program.ts';
import { eventually } from '../support/wait.ts';
import { APP_ID, workbench } from './workbench.ts';

interface Told {
  readonly state: string;
  readonly state_error?: { readonly since: number; readonly restart_costs: string; readonly restart: string };
}

const get = async (address: string, path: string) => {
  const response = await fetch(`http://${address}${path}`);
  return { status: response.status, text: await response.text() };
};

describe('a record that cannot be written', () => {
  it.each([
    { details: true, costs: 'ledger', fetches: 1, sentence: /^a restart now costs no call, .+ forgotten$/ },
    { details: false, costs: 'call', fetches: 2, sentence: /^a restart now costs a call, .+ forgotten$/ },
  ])('is told everywhere, and a restart costs what was told: $costs', async (expected) => {
    const bench = await workbench(onTestFinished);
    const state = join(bench.folder, 'state');
    // A folder with something in it stands where the record belongs.
    const platform = new URL(bench.sandbox.url).host.replace(':', '_');
    const record = join(state, `${platform}.stable-token.${APP_ID}.json`);
    await mkdir(record, { recursive: true, mode: 0o700 });
    await writeFile(join(record, 'in-the-way'), '');
    const config = join(bench.folder, 'config.json');
    const credential = {
      ...{
        name: 'shop',
        type: 'stable-token',
        appId: APP_ID,
        secretFile: bench.env()['WXTOKEN_SECRET_FILE'],
      },
      publish: [{ type: 'file', path: bench.file, details: expected.details }],
    };
    await writeFile(
      config,
      JSON.stringify({
        ...{ schedule: '* * * * * *', stateDir: state, platform: { baseUrl: bench.sandbox.url } },
        ...{ http: { listen: '127.0.0.1:0' }, credentials: [credential] },
      }),
    );
    const start = (command: string, ...args: string[]) =>
      startProgram([command, '--config', config, ...args], {}, onTestFinished);

    const before = Math.floor(Date.now() / 1000);
    const daemon = start('run');
    await bench.newToken();
    const { message } = await daemon.logged(/^health and metrics on /);
    const address = /\S+$/.exec(message)?.[0] ?? '';

    const ready = await eventually(
      async () => {
        const answer = await get(address, '/readyz');
        return /valid for .+ its record cannot be written/.test(answer.text) && answer;
      },
      { for: 'a line about the record' },
    );
    expect(ready.status).toBe(200);
    const { text } = await get(address, '/metrics');
    const gauge = new RegExp(
      `^wx_token_record_unwritten_timestamp_seconds\\{credential="shop",kind="token",restart="${expected.costs}"\\} (\\d+)$`,
      'm',
    );
    expect(Number(gauge.exec(text)?.[1])).toBeGreaterThanOrEqual(before);
    const told = await eventually(
      async () => {
        const status = start('status', '--json');
        await status.exited;
        const { credentials } = JSON.parse(status.stdout()) as { readonly credentials: readonly Told[] };
        return credentials[0]?.state === 'fresh' && credentials[0].state_error;
      },
      { for: 'the status of the record' },
    );
    expect(told).toMatchObject({
      restart_costs: expected.costs,
      restart: expect.stringMatching(expected.sentence),
    });
    expect(told.since).toBeGreaterThanOrEqual(before);

    daemon.signal('SIGTERM');
    await daemon.exited;
    await rm(record, { recursive: true });
    const again = start('run');
    await eventually(
      async () => {
        const held = await get(
          /\S+$/.exec((await again.logged(/^health and metrics on /)).message)?.[0] ?? '',
          '/readyz',
        );
        return held.status === 200 && !held.text.includes('its record');
      },
      { for: 'a record that is written' },
    );
    // A value alone is not taken over: it may be anything, so the platform is asked.
    await eventually(async () => (await bench.fetches()).length >= expected.fetches, { for: 'the calls' });
    expect(await bench.fetches()).toHaveLength(expected.fetches);
  });
});

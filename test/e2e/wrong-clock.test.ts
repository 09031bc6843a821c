import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeWallClock } from '../fleet/clock.ts';
import { makeCertificates } from '../providers/certificates.ts';
import { startProgram } from '../support/program.ts';
import { workbench } from './workbench.ts';

const CLOCKS: readonly (readonly [time: string, said: RegExp])[] = [
  [
    '@1970-01-02 00:00:00',
    /its certificate is not valid yet by the clock of this machine, which says 1970-01-0/,
  ],
  ['@2037-01-02 00:00:00', /its certificate has expired by the clock of this machine, which says 2037-01-0/],
];

describe('a machine whose clock is wrong', () => {
  it.for(CLOCKS)('the clock is named where a certificate is refused at %s', async ([time, said], ctx) => {
    const made = await makeCertificates();
    if (typeof made === 'string') return ctx.skip(made);
    const bench = await workbench(ctx.onTestFinished);
    const clock = await fakeWallClock(bench.folder, ctx.skip);
    const server = createServer(made.server, (_, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    ctx.onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const ca = join(bench.folder, 'ca.pem');
    await writeFile(ca, made.authority);

    await clock.set(time);
    const env = { WXTOKEN_API_BASE_URL: `https://127.0.0.1:${port}`, WXTOKEN_CA_FILE: ca, ...clock.env };
    const check = startProgram(['check', '--online'], { env: bench.env(env) }, ctx.onTestFinished);
    expect(await check.exited).toMatchObject({ code: 75 });
    expect(check.stdout()).toMatch(said);
    expect(check.stdout()).toMatch(/to do +.*clock of this machine.*NTP/);
  });
});

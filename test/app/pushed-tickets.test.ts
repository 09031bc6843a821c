import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pushedTickets } from '../../src/app/pushed-tickets.ts';
import { ticketFile } from '../../src/coordination/folder/ticket-file.ts';
import { ticketFileStore } from '../../src/coordination/folder/ticket-store.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import { temporaryFolder } from '../system/folder.ts';

const MINUTE = 60_000;

/** Times of files, in whole seconds. */
const NOW = Math.floor(Date.now() / 1000) * 1000;

const ticket = (mark: string) => `ticket@@@${mark.repeat(86)}`;

async function opened() {
  const folder = await temporaryFolder();
  const path = join(folder, 'ticket');
  const warn = () => {};
  /** A daemon that has just started. */
  const start = () =>
    pushedTickets({
      store: ticketFileStore(join(folder, 'one.json.pushed'), {
        account: 'weixin/component/wx0000000000000000',
        access: { mode: 0o700 },
        warn,
      }),
      file: ticketFile(path, { clock: systemClock, warn }),
      warn,
    });
  async function write(content: string, ago: number) {
    await writeFile(path, content);
    await utimes(path, (NOW - ago) / 1000, (NOW - ago) / 1000);
  }
  return { start, write };
}

it('a ticket that a job writes again each minute keeps its first time, also for the daemon that starts next', async () => {
  const { start, write } = await opened();
  const daemon = start();
  for (const minutes of [40, 39, 38]) {
    await write(ticket('a'), minutes * MINUTE);
    expect(await daemon.newest()).toMatchObject({ createdAt: NOW - 40 * MINUTE });
  }
  await write(ticket('a'), 0);
  expect(await start().newest()).toMatchObject({ createdAt: NOW - 40 * MINUTE });
  await write(ticket('b'), 0);
  expect(await daemon.newest()).toMatchObject({ createdAt: NOW });
});

it('the same ticket with the time of a later push is as good as another one', async () => {
  const { start, write } = await opened();
  const daemon = start();
  const at = (ms: number) => JSON.stringify({ ticket: ticket('a'), create_time: ms / 1000 });
  await write(at(NOW - 40 * MINUTE), 0);
  expect(await daemon.newest()).toMatchObject({ createdAt: NOW - 40 * MINUTE });
  await write(at(NOW - 30 * MINUTE), 0);
  expect(await daemon.newest()).toMatchObject({ createdAt: NOW - 30 * MINUTE });
});

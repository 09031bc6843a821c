import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { sha256 } from '../e2e/workbench.ts';
import { contentOf, filesIn } from '../support/files.ts';
import { type AtEnd, type Exit, startProcess } from '../support/program.ts';
import { openSandbox } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { accountsIn, configuration, RULES, SECRET, type Settings } from './accounts.ts';
import { agenda, type Deed } from './agenda.ts';
import { followJournal, type Journal } from './journal.ts';
import { freePort, PROGRAM } from './program.ts';
import { type Readings, startReaders } from './readers.ts';
import { type Vitals, watchVitals } from './vitals.ts';

export interface Soak {
  readonly readings: Readings;
  readonly vitals: Vitals;
  readonly journal: Journal;
  /** How often each kind of deed was done. */
  readonly deeds: Readonly<Record<string, number>>;
  readonly exit: Exit;
  /** Temporary files and locks after the end. */
  readonly leftovers: readonly string[];
  /** Lines that the daemon did not expect to write. */
  readonly unexpected: readonly string[];
  /** Everything that the daemon said. */
  readonly log: string;
  /** Between the first token and the end of the agenda, minutes. */
  readonly minutes: number;
}

/** As in a small pod, MB: on a large machine V8 has no reason to collect anything for a long time. */
const SMALL = ['--max-old-space-size=64', '--max-semi-space-size=1'];

/** Seen from the bundle. */
const TELL_HELD = ['--expose-gc', `--import=${new URL('../../test/soak/held.mjs', import.meta.url).href}`];

/** Plays an agenda of so many seconds to the built program. */
export async function soak(seconds: number, seed: number, atEnd: AtEnd): Promise<Soak> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-soak-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const accounts = accountsIn(folder);
  const sandbox = await openSandbox({
    accounts: accounts.map(({ appId }) => ({ appId, secret: SECRET })),
    ...RULES,
  });
  atEnd(sandbox.close);
  const surroundings = { folder, platform: sandbox.url, listen: `127.0.0.1:${await freePort()}` };
  const file = join(folder, 'config.json');
  const feedback = join(folder, 'feedback');
  await mkdir(feedback);
  await writeFile(join(folder, 'app.secret'), SECRET, { mode: 0o600 });

  let settings: Settings = { rotationWindow: '23s', guest: false };
  async function configure(text = configuration(accounts, settings, surroundings)): Promise<void> {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }
  await configure();

  const held = join(folder, 'held');
  await writeFile(held, '');
  const flags = [...SMALL, ...TELL_HELD];
  const daemon = startProcess(
    process.execPath,
    [...flags, PROGRAM, '--config', file],
    { env: { HELD: held } },
    atEnd,
  );
  const journal = followJournal(sandbox, atEnd);
  const served = accounts.filter(({ name }) => !name.startsWith('guest'));
  const isPublished = async () =>
    (await Promise.all(served.map((one) => contentOf(one.file)))).every(Boolean);
  await eventually(isPublished, { for: 'every credential to be published' });
  const started = performance.now();
  const readers = startReaders(served, sandbox.url, seed, atEnd);
  const vitals = watchVitals(daemon.pid, held, atEnd);
  const deeds: Record<string, number> = {};

  async function perform(deed: Deed): Promise<void> {
    switch (deed.kind) {
      case 'faults':
        await sandbox.faults(deed.faults);
        await delay(deed.lastsMs);
        return sandbox.clearFaults();
      case 'hangup':
        return daemon.signal('SIGHUP');
      case 'feedback':
        return writeFile(
          join(feedback, `report-${deeds['feedback']}`),
          sha256((await contentOf(deed.account.file)) ?? ''),
        );
      case 'reload': {
        if (deed.change === 'broken') return configure('{ "credentials": [ }');
        const { guest, rotationWindow } = settings;
        settings =
          deed.change === 'guest'
            ? { rotationWindow, guest: !guest }
            : { guest, rotationWindow: rotationWindow === '23s' ? '22s' : '23s' };
        return configure();
      }
    }
  }

  let scraping = true;
  const scrapes = (async () => {
    while (scraping) {
      const { body } = await request(`http://${surroundings.listen}/metrics`);
      await body.dump();
      await delay(5_000);
    }
  })();
  for (const { at, deed } of agenda(seed, seconds, accounts)) {
    await delay(Math.max(0, started + at - performance.now()));
    deeds[deed.kind] = (deeds[deed.kind] ?? 0) + 1;
    await perform(deed);
  }
  await delay(Math.max(0, started + seconds * 1000 - performance.now()));
  const minutes = (performance.now() - started) / 60_000;
  scraping = false;
  await scrapes;
  const readings = await readers.stop();
  await journal.read();
  daemon.signal('SIGTERM');
  const exit = await daemon.exited;
  const left = await filesIn(folder);
  return {
    readings,
    vitals,
    journal,
    deeds,
    exit,
    leftovers: left.filter((path) => /\.(tmp|owner|taken|request)$/.test(path)),
    unexpected: daemon
      .stderr()
      .split('\n')
      .filter((line) => /"unexpected|^ {4}at /.test(line)),
    log: daemon.stderr(),
    minutes,
  };
}

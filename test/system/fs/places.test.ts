import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../../src/core/time.ts';
import { createPlaces } from '../../../src/system/fs/places.ts';
import { fakeClock } from '../../support/clock.ts';

const MOUNTS = `1 1 8:1 / / rw - ext4 /dev/sda1 rw
2 1 0:20 / /run rw - tmpfs tmpfs rw
3 1 0:30 / /net rw - nfs4 server:/ rw
4 3 0:40 / /net/memory rw - tmpfs tmpfs rw
5 1 8:2 / /data rw - ext4 /dev/sdb1 rw
6 2 0:50 / /run/wx rw - tmpfs tmpfs rw
`;

/** @param links by path. Everything else is a folder, but for what is named `missing` */
function house(links: Record<string, string>, given = MOUNTS) {
  let mounts = given;
  const clock = fakeClock();
  const inThread: string[] = [];
  const lookAt = (path: string) => links[path] ?? (path.includes('missing') ? null : undefined);
  const places = createPlaces<string>({
    clock,
    mountTable: () => mounts,
    open: (name) => name,
    async readLink(path) {
      inThread.push(path);
      return lookAt(path);
    },
    look(path) {
      const found = lookAt(path);
      return found === null ? 'missing' : found === undefined ? 'other' : 'link';
    },
  });
  /** What is asked in a thread in the meantime is answered. */
  async function answered(path: string) {
    await places.find(path, false);
    await new Promise((resolve) => setImmediate(resolve));
  }
  function mount(line: string) {
    mounts += `${line}\n`;
  }
  return { clock, places, inThread, links, answered, mount };
}

const VAR_RUN = { '/var/run': '/run' };

describe('what is in memory', () => {
  it('a path that no link leads to is known at once, and so is the mount itself', () => {
    const { places, inThread } = house({});
    for (const path of ['/run/wx', '/run/wx/token', '/run/shop/token', '/run/wx/missing/token'])
      expect([path, places.isInMemory(path, true)]).toEqual([path, true]);
    for (const path of ['/etc/token', '/data/token', '/net/token', '/net/memory/token', '/'])
      expect([path, places.isInMemory(path, true)]).toEqual([path, false]);
    expect(inThread).toEqual([]);
  });

  it('a link from the root into memory is asked in a thread, and again every minute', async () => {
    const { places, clock, inThread, links, answered } = house({ ...VAR_RUN });
    const token = '/var/run/wx/token';
    expect(places.isInMemory(token, false)).toBe(false);
    await answered(token);
    expect(new Set(inThread)).toEqual(new Set(['/var', '/var/run']));
    expect(places.isInMemory(token, false)).toBe(true);
    expect(places.isInMemory('/var/run/wx', true)).toBe(true);
    expect([places.known(token, true), places.known(token, false)]).toEqual(['/run/wx', '/run/wx']);
    // The link itself is on the disk.
    expect(places.isInMemory('/var/run', false)).toBe(false);

    for (let minute = 0; minute < 5; minute += 1) {
      clock.pass(MINUTE);
      expect(places.isInMemory(token, false)).toBe(true);
      await answered('/etc');
    }
    links['/var/run'] = '/net/run';
    clock.pass(MINUTE);
    places.isInMemory(token, false);
    await answered(token);
    expect(places.isInMemory(token, false)).toBe(false);
    await answered(token);
    expect(places.known(token, false)).toBe('/net');

    links['/var/run'] = '/run';
    clock.pass(MINUTE);
    expect(places.isInMemory(token, false)).toBe(false);
  });

  it('the link counts no longer where what is above it has become one, or where it is not answered for', async () => {
    const { places, clock, links, answered } = house({ '/srv/memory/run': '/run' });
    const token = '/srv/memory/run/wx/token';
    await answered(token);
    expect(places.isInMemory(token, false)).toBe(true);
    clock.pass(2 * MINUTE);
    expect(places.isInMemory(token, false)).toBe(false);
    await answered(token);
    expect(places.isInMemory(token, false)).toBe(true);

    links['/srv/memory'] = '/net/memory';
    clock.pass(MINUTE);
    places.isInMemory(token, false);
    await answered(token);
    expect(places.isInMemory(token, false)).toBe(false);
  });

  it('the link counts no longer where something is mounted over it, be it while it is asked for', async () => {
    const { places, clock, answered, mount } = house({ ...VAR_RUN });
    const token = '/var/run/wx/token';
    await answered(token);
    expect(places.isInMemory(token, false)).toBe(true);
    clock.pass(MINUTE);
    // What is asked now is answered after the next look at the mounts.
    expect(places.isInMemory(token, false)).toBe(true);
    mount('7 1 0:60 / /var rw - nfs4 server:/var rw');
    clock.pass(SECOND);
    expect(places.isInMemory(token, false)).toBe(false);
    await answered('/etc');
    expect(places.isInMemory(token, false)).toBe(false);
  });

  it('no other link is passed at once: on another volume, in memory, to another link, or past one', async () => {
    const links = {
      ...{ '/net/run': '/run', '/data/run': '/run', '/srv': '/net/run', '/opt/run': '/var/run' },
      ...{ '/opt/back': 'in/../../run', '/opt/in': '/net/deep', '/run/wx/..data': '/run/shop' },
      ...{ '/etc/data': '/data/shop', ...VAR_RUN },
    };
    const { places, answered } = house(links);
    for (const folder of [
      '/net/run',
      '/data/run',
      '/srv',
      '/opt/run',
      '/opt/back',
      '/run/wx/..data',
      '/etc/data',
    ]) {
      const path = `${folder}/token`;
      await answered(path);
      expect([path, places.isInMemory(path, true)]).toEqual([path, false]);
    }
    // The link itself is in memory.
    expect(places.isInMemory('/run/wx/..data', false)).toBe(true);
  });

  it('a few links are remembered, so that it stays quick to tell whether one is on the way', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `/etc/s${index}`);
    const { places, answered } = house(Object.fromEntries(names.map((name) => [name, '/run/shop'])));
    for (const name of names) await answered(`${name}/token`);
    expect(names.filter((name) => places.isInMemory(`${name}/token`, true))).toHaveLength(16);
  });

  it('a link to a file that may hang is told apart from the file', async () => {
    const { places } = house({ '/run/wx/secret': '/net/secret' });
    expect(await places.find('/run/wx/secret', true)).toBe('/net');
    expect(places.known('/run/wx/secret', true)).toBe('/net');
    expect(places.known('/run/wx/secret', false)).toBe('/run/wx');
  });

  it('what something else is mounted over is not taken for what is mounted there', () => {
    const hidden = `${MOUNTS}7 2 0:60 / /run/sub/x rw - tmpfs tmpfs rw\n8 2 0:70 / /run/sub rw - tmpfs tmpfs rw\n`;
    const { places } = house({ '/run/sub/x': '/net' }, hidden);
    expect(places.isInMemory('/run/sub/token', true)).toBe(true);
    expect(places.isInMemory('/run/sub/x', true)).toBe(false);
    expect(places.isInMemory('/run/sub/x/token', true)).toBe(false);
  });

  it('what was missing is found to have come as a link', () => {
    const { places, links } = house({});
    expect(places.isInMemory('/run/missing/token', true)).toBe(true);
    links['/run/missing'] = '/net/shop';
    expect(places.isInMemory('/run/missing/token', true)).toBe(false);
  });

  it('a circle of links ends', async () => {
    const { places } = house({ '/run/a': 'b', '/run/b': 'a', '/opt/a': 'b', '/opt/b': 'a' });
    expect(places.isInMemory('/run/a', true)).toBe(false);
    await places.find('/opt/a', true);
    expect(places.isInMemory('/opt/a', true)).toBe(false);
    await places.find('/run/a', true);
  });

  it('what may hang is asked again, and what is in memory is not among it', async () => {
    const { places } = house({ ...VAR_RUN });
    await places.find('/var/run/wx/token', true);
    await places.find('/net/token', true);
    expect(places.mayHang().map(([volume]) => volume)).toEqual(['/', '/net']);
  });
});

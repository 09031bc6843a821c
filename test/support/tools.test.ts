import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { missing, TOOLS } from './tools.ts';

it('a test that is skipped names the program that is missing and the command that installs it', () => {
  expect(missing('promtool')).toBe('promtool is missing: apt-get install prometheus');
});

it('CI installs every program that tests use and Debian brings, but podman', async () => {
  const script = await readFile(new URL('../../.ci/install-tools', import.meta.url), 'utf8');
  const [, list = ''] = /<<'LIST'\n(.+)\nLIST\n/s.exec(script) ?? [];
  const installed = list.split('\n').map((line) => line.replace(/^(\S+) +(.+)$/, '$2: apt-get install $1'));
  const named = Object.entries(TOOLS).map(([tool, how]) => `${tool}: ${how}`);
  const expected = named.filter((line) => /: apt-get install (?!podman$)/.test(line));
  expect(installed.sort()).toEqual(expected.sort());
});

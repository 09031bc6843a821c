import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { createReadMarks, marksOf } from '../../src/system/fs/watch-files.ts';
import { temporaryFolder } from '../system/folder.ts';

const [PEM = ''] = rootCertificates;

/** A configuration of three files, and what they were when it was read. */
async function readConfig() {
  const folder = await temporaryFolder();
  const [document, secretFile, caFile] = [
    join(folder, 'config.json'),
    join(folder, 'app.secret'),
    join(folder, 'ca.pem'),
  ];
  await writeFile(secretFile, '0'.repeat(32));
  await writeFile(caFile, PEM);
  const publish = [{ type: 'file', path: join(folder, 'token') }];
  const credential = { name: 'shop', appId: 'wx0000000000000000', secretFile, publish };
  await writeFile(document, JSON.stringify({ platform: { caFile }, credentials: [credential] }));
  const read = createReadMarks();
  const { inputs } = await loadConfig({}, { file: document, publishes: false, wasRead: read.note });
  return { inputs, marks: read.of(inputs), files: { document, secretFile, caFile } };
}

describe('marks of the files that a configuration was read from', () => {
  it('the files of a configuration have the marks with which they were read while none of them changes', async () => {
    const { inputs, marks, files } = await readConfig();
    expect([...inputs].sort()).toEqual(Object.values(files).sort());
    expect(await marksOf(inputs)).toBe(marks);
  });

  it.each(['document', 'secretFile', 'caFile'] as const)(
    'a %s that is replaced after it was read has another mark',
    async (name) => {
      const { inputs, marks, files } = await readConfig();
      await writeFile(`${files[name]}.new`, 'another');
      await rename(`${files[name]}.new`, files[name]);
      expect(await marksOf(inputs)).not.toBe(marks);
    },
  );

  it('a file that was read twice keeps the mark of the first time', async () => {
    const path = join(await temporaryFolder(), 'app.secret');
    const read = createReadMarks();
    for (const content of ['first', 'second']) {
      await writeFile(path, content);
      read.note(path, await stat(path, { bigint: true }));
      if (content === 'first') expect(await marksOf([path])).toBe(read.of([path]));
    }
    expect(await marksOf([path])).not.toBe(read.of([path]));
  });

  it('a file that was not read has a mark that no file has', async () => {
    const path = join(await temporaryFolder(), 'app.secret');
    expect(await marksOf([path])).not.toBe(createReadMarks().of([path]));
  });
});

import { filePublisher } from '../../src/publishers/file.ts';

/** A program: prepares a file target at PATH and says what is wrong with it. */
const [path = ''] = process.argv.slice(2);
const publisher = filePublisher(
  { type: 'file', path, format: 'raw', details: false, mode: 0o640 },
  { name: 'default', type: 'stable-token', appId: 'wx0000000000000000', kind: 'token' },
);
process.stdout.write(JSON.stringify((await publisher.prepare()).map(({ en }) => en)));

import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { jsonSchema } from './json-schema.ts';

const [path] = process.argv.slice(2);
if (path === undefined) throw new TypeError('the file to write is missing');
writeFileSync(path, `${JSON.stringify(jsonSchema(), null, 2)}\n`);

import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { chartSchema } from '../k8s/chart-schema.ts';
import { jsonSchema } from './json-schema.ts';

const [path, chartPath] = process.argv.slice(2);
if (path === undefined || chartPath === undefined) throw new TypeError('a file to write is missing');
writeFileSync(path, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
writeFileSync(chartPath, `${JSON.stringify(chartSchema(), null, 2)}\n`);

import { loadConfig } from '../../src/config/load.ts';
import { fetching, problemsOf } from './configured.ts';

/** A program: prints what is wrong with the variables of ENVIRONMENT, which is JSON, for someone who will publish. */
const [environment = ''] = process.argv.slice(2);
const problems = await problemsOf(JSON.parse(environment), async (read) => fetching(await loadConfig(read)));
process.stdout.write(JSON.stringify(problems));

import { stateFolder } from '../../../src/coordination/folder/state-folder.ts';
import { systemClock } from '../../../src/system/time/clock.ts';

/** A program: prepares the state folder FOLDER and says why it cannot be used. */
const [folder = ''] = process.argv.slice(2);
const problem = await stateFolder(folder, { mode: 0o700 }, systemClock, () => {}).prepare();
process.stdout.write(String(problem?.en));

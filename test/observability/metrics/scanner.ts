import { feedbackFolder } from '../../../src/coordination/folder/feedback-folder.ts';
import { Secret } from '../../../src/core/secret.ts';

/** A program: scans FOLDER three times, and says how often it heard that TOKEN was refused. */
const [path = '', token = ''] = process.argv.slice(2);
const folder = feedbackFolder(path);
let heard = 0;
for (let scans = 0; scans < 3; scans += 1) {
  await folder.scan((claim) => {
    if (claim(new Secret(token))) heard += 1;
  });
}
process.stdout.write(String(heard));

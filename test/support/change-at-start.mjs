// Loaded into a daemon under test: the file CHANGED_FILE gets the content CHANGED_CONTENT while the daemon says that it has
// started, so after its configuration was read and before anything watches it.
import { renameSync, writeFileSync } from 'node:fs';

const { CHANGED_FILE: file = '', CHANGED_CONTENT: content = '' } = process.env;
const write = process.stderr.write;
let isChanged = false;

process.stderr.write = function (...args) {
  if (!isChanged && String(args[0]).includes('"started"')) {
    isChanged = true;
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  }
  return write.apply(this, args);
};

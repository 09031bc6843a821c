import { mutating } from './shared.mjs';

/** What daemons share on a disk: its tests wait for real locks and real files. */
export default mutating('disk', [
  'src/coordination/folder/*.ts',
  'src/system/fs/atomic-write.ts',
  'src/system/time/deadline.ts',
]);

import { mutating } from './shared.mjs';

/** What daemons share on a disk: its tests wait for real locks and real files. */
export default mutating('disk', [
  'src/coordination/{account-store,file-lock,stale-lock,state-folder,within-time}.ts',
  'src/system/atomic-write.ts',
]);

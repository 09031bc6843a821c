import { mutating } from './shared.mjs';

/** The loop, and what daemons share on a disk. */
export default mutating('edges', [
  'src/loop/**/*.ts',
  'src/coordination/{account-store,file-lock,forgotten,record-codec,refresh-*,request-folder,stale-lock,state-folder}.ts',
  'src/coordination/{abdication,election,newest,reachability,tenure,within-time}.ts',
  'src/system/atomic-write.ts',
]);

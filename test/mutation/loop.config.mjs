import { mutating } from './shared.mjs';

/** The loop, and what of coordination can be met without a lock and without a server. */
export default mutating('loop', [
  'src/loop/**/*.ts',
  'src/coordination/{abdication,election,forgotten,newest,reachability,record-codec}.ts',
  'src/coordination/{refresh-*,request-folder,secret-layout,secret-room,siblings,tenure}.ts',
]);

import { meeting } from './meeting.ts';

export default meeting([
  'test/{reconciler,loop/*}.test.ts',
  'test/coordination/{abdication,election,forgotten,newest,reachability,record-codec}.test.ts',
  'test/coordination/{refresh-*,request-folder,secret-*,tenure}.test.ts',
]);

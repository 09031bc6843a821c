import { meeting } from './meeting.ts';

export default meeting([
  'test/coordination/{account-store,file-lock,stale-lock,state-folder,within-time}.test.ts',
  'test/system/{atomic-write,sweep}.test.ts',
]);

import { meeting } from './meeting.ts';

export default meeting([
  'test/coordination/{file-lock,stale-lock,state-folder}.test.ts',
  'test/system/{atomic-write,sweep}.test.ts',
]);

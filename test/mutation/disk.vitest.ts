import { meeting } from './meeting.ts';

export default meeting([
  'test/coordination/folder/*.test.ts',
  'test/system/fs/{atomic-write,sweep}.test.ts',
  'test/system/time/deadline.test.ts',
]);

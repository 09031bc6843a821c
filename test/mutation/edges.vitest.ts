import { meeting } from './meeting.ts';

export default meeting([
  'test/{coordination,loop}/**/*.test.ts',
  'test/reconciler.test.ts',
  'test/system/{atomic-write,sweep}.test.ts',
]);

import { meeting } from './meeting.ts';

export default meeting([
  'test/{coordination,loop}/**/*.test.ts',
  'test/kubernetes/{account-store,mirror,publisher}.test.ts',
  'test/reconciler.test.ts',
  'test/publishers/{file,precedence}.test.ts',
  'test/system/{atomic-write,sweep}.test.ts',
]);

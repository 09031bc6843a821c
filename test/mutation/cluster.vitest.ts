import { meeting } from './meeting.ts';

export default meeting([
  'test/coordination/{lease-elector,secret-layout,secret-room}.test.ts',
  'test/kubernetes/{account-store,elector.slow,mirror,publisher}.test.ts',
]);

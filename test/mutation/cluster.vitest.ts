import { meeting } from './meeting.ts';

export default meeting([
  'test/coordination/{cluster,cluster-ears,contested,lease-*,mirror-store,mirrors}.test.ts',
  'test/coordination/secret-*.test.ts',
]);

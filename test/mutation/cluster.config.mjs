import { mutating } from './shared.mjs';

/** What daemons share in a cluster, met with an API server in memory. */
export default mutating('cluster', [
  'src/coordination/{cluster,cluster-ears,contested,lease-*,mirror-*,mirrors}.ts',
  'src/coordination/secret-{cache,entry,reader,requests,store,watch}.ts',
]);

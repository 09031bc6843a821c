import { mutating } from './shared.mjs';

/** What daemons share in a cluster, met with an API server in memory, and how it is written down. */
export default mutating('cluster', ['src/coordination/{cluster,lease}/*.ts', 'src/codec/*.ts']);

import { Gauge, type Registry } from 'prom-client';
import type { Leadership } from '../core/cluster-event.ts';

/** One series for each daemon of a cluster: their sum is 1, or for some seconds 0. */
export function createLeaderGauge(registry: Registry, leadership: () => Leadership | undefined): void {
  new Gauge({
    name: 'wx_token_leader',
    help: 'Whether this daemon refreshes for all that share the Lease.',
    labelNames: ['lease'],
    registers: [registry],
    collect() {
      this.reset();
      const known = leadership();
      if (known) this.set({ lease: known.lease }, known.leads ? 1 : 0);
    },
  });
}

import { hostname } from 'node:os';
import { inWords } from '../../observability/log/duration.ts';
import type { DaemonStatus } from './index.ts';

/**
 * Says where the content of the table comes from, and how old it is.
 * @param at the current time, epoch seconds
 * @param folder the folder into which daemons write their snapshots
 */
export function daemonLine(daemon: DaemonStatus, folder: string, at: number): string {
  const hung = daemon.state === 'unknown' ? [] : (daemon.hung_volumes ?? []);
  const told = hung.map(
    ({ volume, path, seconds }) =>
      `; the volume ${volume} did not answer: asked for ${path} ${inWords(seconds * 1000)} before`,
  );
  return [fate(daemon, folder, at), ...told].join('');
}

function fate(daemon: DaemonStatus, folder: string, at: number): string {
  if (daemon.state === 'unknown')
    return `${daemon.problem ?? `no daemon with these accounts and targets has written its status into ${folder}; if one runs, its log says why`}: this is what the published files tell`;
  const age = inWords((at - daemon.at) * 1000);
  const where = daemon.host === hostname() ? '' : ` on ${daemon.host}`;
  const who = `pid ${daemon.pid}${where}`;
  switch (daemon.state) {
    case 'running':
      return `as of ${age} ago, ${who}`;
    case 'stopped':
      return `no daemon runs: as of ${age} ago, when ${who} stopped`;
    case 'ended':
      return `no daemon runs: as of ${age} ago; ${who} has ended since and could not say so`;
    case 'suspended':
      return `the daemon, ${who}, is suspended (SIGSTOP, or a debugger) and does nothing: as of ${age} ago; kill -CONT ${daemon.pid} lets it go on`;
    case 'silent':
      return `the daemon, ${who}, has been silent for ${age}: it stands still or has ended, or cannot write into ${folder}`;
  }
}

import { createServer } from 'node:net';
import type { Config } from '../../config/config.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { addressText, type TcpAddress } from '../../system/net/address.ts';
import { listenFailure } from '../../system/net/listen-failure.ts';
import type { DaemonStatus } from '../status/index.ts';

/**
 * Describes where the daemon listens, and warns of an address that cannot be had now. Each port is opened for a moment,
 * which no daemon minds: it tries again. A port that the running daemon says it has is left alone.
 */
export async function inspectServers(
  { http, tokenServer, push }: Pick<Config, 'http' | 'tokenServer' | 'push'>,
  daemon: DaemonStatus,
): Promise<Findings> {
  const facts: Fact[] = [];
  const warnings: Text[] = [];
  for (const [label, server] of [
    [{ en: 'health', zh: '健康检查' }, http],
    [{ en: 'tokens', zh: 'token' }, tokenServer],
    [{ en: 'pushes', zh: '推送接收' }, push],
  ] as const) {
    if (!server) continue;
    const { listen, setting } = server;
    const address = addressText(listen);
    const owner = ownerOf(setting, address, daemon);
    facts.push([
      label,
      owner === undefined
        ? verbatim(address)
        : {
            en: `${address}, where the running daemon (pid ${owner}) listens`,
            zh: `${address}，正在运行的守护进程（pid ${owner}）在监听`,
          },
    ]);
    const found = owner === undefined && 'port' in listen ? await listenProblem(listen) : undefined;
    if (!found) continue;
    const { code, what, advice } = found;
    warnings.push({
      en: en`${setting}: nothing can listen on ${address} now (${code}): ${what}; ${advice}. The daemon publishes all the same, and tries again`,
      zh: zh`${setting}：现在无法监听 ${address}（${code}）：${what}；${advice}。守护进程照常发布，并会重试`,
    });
  }
  return { facts, warnings };
}

/** Returns the pid of the running daemon that has this address. */
function ownerOf(setting: string, address: string, daemon: DaemonStatus): number | undefined {
  if (daemon.state !== 'running') return undefined;
  const has = daemon.servers?.some(
    (server) => server.setting === setting && server.address === address && !server.problem,
  );
  return has ? daemon.pid : undefined;
}

function listenProblem({ host, port }: TcpAddress) {
  return new Promise<ReturnType<typeof listenFailure>>((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(listenFailure(error)));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

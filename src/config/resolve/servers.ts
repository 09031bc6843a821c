import { dirname } from 'node:path';
import { en, type Text, zh } from '../../core/text.ts';
import { folderProblem } from '../../system/fs/path-problem.ts';
import {
  addressText,
  isLoopbackHost,
  type SocketAddress,
  type TcpAddress,
} from '../../system/net/address.ts';
import type { Config } from '../config.ts';
import type { Settings } from '../schema/index.ts';
import { type Context, isMissing } from './context.ts';
import { resolveGroup } from './targets.ts';

/** Checks the addresses that the daemon listens on, and reports their problems. By default it listens on none. */
export async function resolveServers(
  { http, tokenServer, push, credentials = [] }: Settings,
  context: Context,
): Promise<Pick<Config, 'http' | 'tokenServer' | 'push'>> {
  if (http) {
    const what: Text = { en: 'host:port, like 127.0.0.1:9400', zh: 'host:port，如 127.0.0.1:9400' };
    isMissing(context, ['http', 'listen'], http.listen, what);
  }
  if (tokenServer) {
    const what: Text = { en: '127.0.0.1:8867, or unix:/path', zh: '127.0.0.1:8867，或 unix:/path' };
    isMissing(context, ['tokenServer', 'listen'], tokenServer.listen, what);
  }
  if (push) {
    const what: Text = { en: 'host:port, like 0.0.0.0:9109', zh: 'host:port，如 0.0.0.0:9109' };
    isMissing(context, ['push', 'listen'], push.listen, what);
  }
  const receives = credentials.some((credential) => credential?.ticket?.push !== undefined);
  if (receives && !push && !context.isWrong(['push'])) {
    context.complain(['push'], {
      en: 'is required, with listen: a credential has ticket.push',
      zh: '必填，并写明 listen：有凭据设置了 ticket.push',
    });
  }
  if (push && !receives && !credentials.some((_, at) => context.isWrong(['credentials', at]))) {
    context.complain(['push'], {
      en: 'receives nothing: no credential has ticket.push',
      zh: '什么也收不到：没有凭据设置 ticket.push',
    });
  }
  const health = http?.listen;
  const tokens = tokenServer?.listen;
  if (health && tokens && health.port !== 0 && addressText(health) === addressText(tokens)) {
    context.complain(['tokenServer', 'listen'], taken(HEALTH));
  }
  const pushes = push?.listen;
  for (const [other, what] of [
    [health, HEALTH],
    [tokens, TOKENS],
  ] as const) {
    if (pushes && other && pushes.port !== 0 && addressText(other) === addressText(pushes)) {
      context.complain(['push', 'listen'], taken(what));
    }
  }
  refuseForwardToUs({ http, tokenServer, push, credentials }, context);
  const unusable = tokens && 'path' in tokens ? await folderProblem(dirname(tokens.path)) : undefined;
  if (unusable !== undefined) context.complain(['tokenServer', 'listen'], unusable);
  const names = http?.allowedHosts.flatMap((name) => (name === undefined ? [] : [name.toLowerCase()]));
  return {
    ...(health && {
      http: { listen: health, setting: context.name(['http', 'listen']), allowedHosts: names ?? [] },
    }),
    ...(pushes && { push: { listen: pushes, setting: context.name(['push', 'listen']) } }),
    ...(tokens && { tokenServer: { listen: tokens, setting: context.name(['tokenServer', 'listen']) } }),
  };
}

/** Reports events that would be passed on to the daemon itself: no app would get them. */
function refuseForwardToUs(
  {
    http,
    tokenServer,
    push,
    credentials = [],
  }: Pick<Settings, 'http' | 'tokenServer' | 'push' | 'credentials'>,
  context: Context,
): void {
  for (const [index, credential] of credentials.entries()) {
    const forward = credential?.ticket?.push?.forward;
    if (forward === undefined) continue;
    const { hostname, port } = new URL(forward);
    const isHere = (listen: TcpAddress | SocketAddress | undefined) =>
      listen !== undefined &&
      'port' in listen &&
      listen.port === Number(port === '' ? HTTP : port) &&
      isReachedAt(listen.host, hostname.replace(/^\[|\]$/g, ''));
    const servers = [
      [push?.listen, PUSHES],
      [http?.listen, HEALTH],
      [tokenServer?.listen, TOKENS],
    ] as const;
    const [, what] = servers.find(([listen]) => isHere(listen)) ?? [];
    if (what) {
      context.complain(['credentials', index, 'ticket', 'push', 'forward'], {
        en: en`is where ${what} served by this daemon: name the address of the app`,
        zh: zh`是这个守护进程自己提供${what}的地址：请写应用的地址`,
      });
    }
  }
}

const HTTP = 80;

/** Whether somebody who listens on `host` is reached at that address of this machine. */
function isReachedAt(host: string, loopback: string): boolean {
  if (host === loopback || host === '0.0.0.0' || host === '::') return true;
  return [host, loopback].includes('localhost') && isLoopbackHost(host) && isLoopbackHost(loopback);
}

const PUSHES: Text = { en: 'pushes are', zh: '推送接收' };
const HEALTH: Text = { en: 'health is', zh: '健康检查' };
const TOKENS: Text = { en: 'tokens are', zh: 'token' };

function taken(what: Text): Text {
  return {
    en: en`is where ${what} served: take another port`,
    zh: zh`这个地址已用于提供${what}：换一个端口`,
  };
}

/**
 * Checks the mode and group of the state folder, and reports their problems.
 * @returns permission bits, and the numeric group id if one is configured
 */
export async function resolveStateFolder(
  { stateMode, stateGroup }: Settings,
  context: Context,
): Promise<{ readonly stateMode: number; readonly stateGid?: number }> {
  const isShared = (stateMode & 0o070) !== 0;
  if (isShared && stateGroup === undefined && !context.isWrong(['stateGroup'])) {
    context.complain(['stateMode'], {
      en: 'needs stateGroup: the group whose daemons share the folder',
      zh: '需要 stateGroup：哪个组的守护进程共用这个目录',
    });
  }
  if (stateGroup === undefined) return { stateMode };
  if (!isShared && !context.isWrong(['stateMode'])) {
    context.complain(['stateGroup'], {
      en: 'needs stateMode: "0770", or its members cannot use the folder',
      zh: '需要 stateMode: "0770"，否则组的成员不能使用这个目录',
    });
  }
  const stateGid = await resolveGroup(stateGroup, ['stateGroup'], context);
  return { stateMode, ...(stateGid !== undefined && { stateGid }) };
}

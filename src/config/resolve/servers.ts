import { dirname } from 'node:path';
import { en, type Text, zh } from '../../core/text.ts';
import { folderProblem } from '../../system/fs/path-problem.ts';
import { addressText } from '../../system/net/address.ts';
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

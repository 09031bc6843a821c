import { dirname } from 'node:path';
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
  if (http) isMissing(context, ['http', 'listen'], http.listen, 'host:port, like 127.0.0.1:9400');
  if (tokenServer) {
    isMissing(context, ['tokenServer', 'listen'], tokenServer.listen, '127.0.0.1:8867, or unix:/path');
  }
  if (push) isMissing(context, ['push', 'listen'], push.listen, 'host:port, like 0.0.0.0:9109');
  const receives = credentials.some((credential) => credential?.ticket?.push !== undefined);
  if (receives && !push && !context.isWrong(['push'])) {
    context.complain(['push'], 'is required, with listen: a credential has ticket.push');
  }
  if (push && !receives && !credentials.some((_, at) => context.isWrong(['credentials', at]))) {
    context.complain(['push'], 'receives nothing: no credential has ticket.push');
  }
  const health = http?.listen;
  const tokens = tokenServer?.listen;
  if (health && tokens && health.port !== 0 && addressText(health) === addressText(tokens)) {
    context.complain(['tokenServer', 'listen'], 'is where health is served: take another port');
  }
  const pushes = push?.listen;
  for (const [other, what] of [
    [health, 'health is'],
    [tokens, 'tokens are'],
  ] as const) {
    if (pushes && other && pushes.port !== 0 && addressText(other) === addressText(pushes)) {
      context.complain(['push', 'listen'], `is where ${what} served: take another port`);
    }
  }
  const unusable = tokens && 'path' in tokens ? await folderProblem(dirname(tokens.path)) : undefined;
  if (unusable !== undefined) context.complain(['tokenServer', 'listen'], unusable.en);
  const names = http?.allowedHosts.flatMap((name) => (name === undefined ? [] : [name.toLowerCase()]));
  return {
    ...(health && {
      http: { listen: health, setting: context.name(['http', 'listen']), allowedHosts: names ?? [] },
    }),
    ...(pushes && { push: { listen: pushes, setting: context.name(['push', 'listen']) } }),
    ...(tokens && { tokenServer: { listen: tokens, setting: context.name(['tokenServer', 'listen']) } }),
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
    context.complain(['stateMode'], 'needs stateGroup: the group whose daemons share the folder');
  }
  if (stateGroup === undefined) return { stateMode };
  if (!isShared && !context.isWrong(['stateMode'])) {
    context.complain(['stateGroup'], 'needs stateMode: "0770", or its members cannot use the folder');
  }
  const stateGid = await resolveGroup(stateGroup, ['stateGroup'], context);
  return { stateMode, ...(stateGid !== undefined && { stateGid }) };
}

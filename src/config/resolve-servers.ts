import { dirname } from 'node:path';
import { addressText } from '../system/address.ts';
import { folderProblem } from '../system/path-problem.ts';
import type { Config } from './config.ts';
import { type Context, isMissing } from './context.ts';
import type { Settings } from './schema.ts';

/** What the daemon listens on; nothing by default. */
export async function resolveServers(
  { http, tokenServer }: Settings,
  context: Context,
): Promise<Pick<Config, 'http' | 'tokenServer'>> {
  if (http) isMissing(context, ['http', 'listen'], http.listen, 'host:port, like 127.0.0.1:9400');
  if (tokenServer) {
    isMissing(context, ['tokenServer', 'listen'], tokenServer.listen, '127.0.0.1:8867, or unix:/path');
  }
  const health = http?.listen;
  const tokens = tokenServer?.listen;
  if (health && tokens && health.port !== 0 && addressText(health) === addressText(tokens)) {
    context.complain(['tokenServer', 'listen'], 'is where health is served: take another port');
  }
  const unusable = tokens && 'path' in tokens ? await folderProblem(dirname(tokens.path)) : undefined;
  if (unusable !== undefined) context.complain(['tokenServer', 'listen'], unusable);
  const names = http?.allowedHosts.flatMap((name) => (name === undefined ? [] : [name.toLowerCase()]));
  return {
    ...(health && { http: { listen: health, allowedHosts: names ?? [] } }),
    ...(tokens && { tokenServer: { listen: tokens } }),
  };
}

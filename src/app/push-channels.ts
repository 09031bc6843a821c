import type { FetchedConfig, PushConfig } from '../config/config.ts';
import { readPushKey } from '../config/secret-file.ts';
import type { CodeStore, TicketStore } from '../core/ports.ts';
import { kindOf } from '../providers/index.ts';
import type { Channel, ChannelKeys } from '../push/channel.ts';

/** What the receiver needs of a served credential; what its events come to, the daemon adds. */
export type OpenChannel = Omit<Channel, 'event'>;

/** Opens the channel of a credential whose platform pushes to the receiver. */
export function openChannel(
  { name, type, appId }: Pick<FetchedConfig, 'name' | 'type' | 'appId'>,
  { path, forward, corpId, permanentCodes: _template, ...files }: PushConfig,
  tickets: Pick<TicketStore, 'put'>,
  codes: Pick<CodeStore, 'put'> | undefined,
): OpenChannel {
  return {
    credential: name,
    recipient: {
      dialect: kindOf(type).pushed?.dialect ?? 'open-platform',
      id: appId,
      ...(corpId !== undefined && { corpId }),
    },
    path,
    keys: () => readKeys(files),
    tickets,
    ...(codes && forward === undefined && { codes }),
    ...(forward !== undefined && { forward: new URL(forward) }),
  };
}

async function readKeys({
  tokenFile,
  encodingAesKeyFile,
  previousEncodingAesKeyFile: previous,
}: Omit<PushConfig, 'path' | 'permanentCodes'>): Promise<ChannelKeys> {
  const [token, encodingAesKey, previousEncodingAesKey] = await Promise.all([
    readPushKey(tokenFile, 'Token'),
    readPushKey(encodingAesKeyFile, 'EncodingAESKey'),
    previous === undefined ? undefined : readPushKey(previous, 'EncodingAESKey'),
  ]);
  return { token, encodingAesKey, ...(previousEncodingAesKey && { previousEncodingAesKey }) };
}

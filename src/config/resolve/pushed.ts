import { failureOf } from '../../core/failure.ts';
import { encodingAesKeyIn } from '../../core/push-key.ts';
import type { CredentialKind, PushedKind } from '../../providers/kind.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import type { PushConfig, TicketConfig } from '../config.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import { readSecretFile } from '../secret-file.ts';
import { type Context, isMissing } from './context.ts';

/** Checks where the ticket arrives that the platform pushes, and reports its problems. */
export async function resolvePushed(
  { ticket }: CredentialSettings,
  { type, pushed }: CredentialKind,
  at: KeyPath,
  context: Context,
): Promise<TicketConfig | undefined> {
  const here = [...at, 'ticket'];
  if (!pushed) {
    if (ticket !== undefined) context.complain(here, `does not belong to ${type}, to which none is pushed`);
    return undefined;
  }
  if (isMissing(context, here, ticket, `where the ${pushed.name} arrives`) || !ticket) return undefined;
  const { file, push } = ticket;
  if (push === undefined && !context.isWrong([...here, 'push'])) {
    const what = `the file in which an app leaves the ${pushed.name}, or ${context.brief([...here, 'push'])}`;
    isMissing(context, [...here, 'file'], file, what);
  }
  const received = push && (await resolvePush(push, pushed, [...here, 'push'], context));
  return { ...(file !== undefined && { file }), ...(received && { push: received }) };
}

type PushSettings = NonNullable<NonNullable<CredentialSettings['ticket']>['push']>;

async function resolvePush(
  push: PushSettings,
  { dialect }: PushedKind,
  at: KeyPath,
  context: Context,
): Promise<PushConfig | undefined> {
  const { path, tokenFile, encodingAesKeyFile, previousEncodingAesKeyFile, forward, corpId } = push;
  isMissing(context, [...at, 'path'], path, 'the path of the URL in the console of the platform');
  isMissing(context, [...at, 'tokenFile'], tokenFile, 'the file that holds the Token of the console');
  isMissing(
    context,
    [...at, 'encodingAesKeyFile'],
    encodingAesKeyFile,
    'the file that holds the EncodingAESKey',
  );
  if (corpId !== undefined && dialect !== 'work-weixin') {
    context.complain([...at, 'corpId'], 'belongs to suites of WeCom, whose URL is checked for the provider');
  }
  if (tokenFile !== undefined) await checkFile(tokenFile, 'Token', [...at, 'tokenFile'], context);
  for (const [name, file] of Object.entries({ encodingAesKeyFile, previousEncodingAesKeyFile })) {
    if (file !== undefined) await checkFile(file, 'EncodingAESKey', [...at, name], context);
  }
  if (path === undefined || tokenFile === undefined || encodingAesKeyFile === undefined) return undefined;
  return {
    ...{ path, tokenFile, encodingAesKeyFile },
    ...(previousEncodingAesKeyFile !== undefined && { previousEncodingAesKeyFile }),
    ...(forward !== undefined && { forward }),
    ...(corpId !== undefined && { corpId }),
  };
}

/** Reports a file that cannot be used, as far as this command would use it. No message holds any of its content. */
async function checkFile(
  path: string,
  what: 'Token' | 'EncodingAESKey',
  at: KeyPath,
  context: Context,
): Promise<void> {
  if (!context.fetches) return;
  try {
    const secret = await readSecretFile(path, context.readInput, undefined, what);
    if (what === 'EncodingAESKey' && encodingAesKeyIn(secret.reveal()) === undefined) {
      context.complain(at, 'must hold the EncodingAESKey: 43 letters and digits');
    }
  } catch (error) {
    const { message, advice } = failureOf(error, 'unsent');
    context.complain(at, advice ? `${message}; ${advice}` : message);
  }
}

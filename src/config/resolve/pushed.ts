import { failureOf, inOneLine } from '../../core/failure.ts';
import { encodingAesKeyIn } from '../../core/push-key.ts';
import type { Text } from '../../core/text.ts';
import type { CredentialKind, PushedKind } from '../../providers/kind.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import type { PushConfig, TicketConfig } from '../config.ts';
import type { CredentialSettings } from '../schema/credential.ts';
import { readPushKey } from '../secret-file.ts';
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
    if (ticket !== undefined) {
      context.complain(here, {
        en: `does not belong to ${type}, to which none is pushed`,
        zh: `不用于 ${type}，平台不向它推送 ticket`,
      });
    }
    return undefined;
  }
  const arrival: Text = { en: `where the ${pushed.name} arrives`, zh: `${pushed.name} 到达哪里` };
  if (isMissing(context, here, ticket, arrival) || !ticket) return undefined;
  const { file, push } = ticket;
  if (push === undefined && !context.isWrong([...here, 'push'])) {
    const other = context.brief([...here, 'push']);
    isMissing(context, [...here, 'file'], file, {
      en: `the file in which an app leaves the ${pushed.name}, or ${other}`,
      zh: `应用存放 ${pushed.name} 的文件，或者用 ${other}`,
    });
  }
  if (file !== undefined && (push !== undefined || context.isWrong([...here, 'push']))) {
    context.complain([...here, 'file'], {
      en: 'cannot stand beside push: an app leaves tickets in the file, and the receiver needs none, since it keeps its tickets itself',
      zh: '不能与 push 并用：这个文件由应用写入 ticket；接收端自己保存收到的 ticket，不需要文件',
    });
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
  const { permanentCodes } = push;
  isMissing(context, [...at, 'path'], path, {
    en: 'the path of the URL in the console of the platform',
    zh: '平台后台所填 URL 的路径',
  });
  isMissing(context, [...at, 'tokenFile'], tokenFile, {
    en: 'the file that holds the Token of the console',
    zh: '内容为后台所设 Token 的文件',
  });
  isMissing(context, [...at, 'encodingAesKeyFile'], encodingAesKeyFile, {
    en: 'the file that holds the EncodingAESKey',
    zh: '内容为 EncodingAESKey 的文件',
  });
  if (corpId !== undefined && dialect !== 'work-weixin') {
    context.complain([...at, 'corpId'], {
      en: 'belongs to suites of WeCom, whose URL is checked for the provider',
      zh: '只用于企业微信的第三方应用（suite），它的 URL 以服务商的名义验证',
    });
  }
  if (permanentCodes !== undefined && dialect !== 'work-weixin') {
    context.complain([...at, 'permanentCodes'], {
      en: 'belongs to suites of WeCom: an account of a component has no permanent code',
      zh: '只用于企业微信的第三方应用（suite）：component 的账号没有永久授权码',
    });
  } else if (permanentCodes !== undefined && forward !== undefined) {
    context.complain([...at, 'permanentCodes'], {
      en: 'cannot stand beside forward: a code works once, so either the app exchanges it or the daemon',
      zh: '不能与 forward 并用：授权码只能用一次，由应用或守护进程之一来换取',
    });
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
    ...(permanentCodes !== undefined && { permanentCodes }),
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
    const secret = await readPushKey(path, what, context.readInput);
    if (what === 'EncodingAESKey' && encodingAesKeyIn(secret.reveal()) === undefined) {
      context.complain(at, {
        en: 'must hold the EncodingAESKey: 43 letters and digits',
        zh: '里必须是 EncodingAESKey：43 个字母和数字',
      });
    }
  } catch (error) {
    context.complain(at, inOneLine(failureOf(error, 'unsent')));
  }
}

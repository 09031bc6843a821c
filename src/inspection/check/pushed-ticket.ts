import { dirname } from 'node:path';
import type { FetchedConfig, PushConfig } from '../../config/config.ts';
import { ticketFile } from '../../coordination/folder/ticket-file.ts';
import { type Fact, type Findings, MORE } from '../../core/findings.ts';
import type { Clock } from '../../core/ports.ts';
import { newestTicket, type PushDialect, type PushedTicket } from '../../core/pushed-ticket.ts';
import { pushStanding, ticketAge } from '../../core/state/pushed.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import { kindOf, policyOf } from '../../providers/index.ts';
import type { PushedKind } from '../../providers/kind.ts';
import { stat } from '../../system/fs/files.ts';
import { addressText, type TcpAddress } from '../../system/net/address.ts';
import type { HostContext } from '../../system/process/host-context.ts';
import { mergeFindings } from './findings.ts';
import { inspectSecretFile } from './secret.ts';

/** What the ticket of a third party is looked at with. */
export interface TicketSurroundings {
  readonly clock: Clock;
  readonly host: HostContext;
  /** Where pushes are received; absent: nowhere. */
  readonly receiver?: TcpAddress | undefined;
  /** The tickets that daemons keep, by the names of their credentials; absent: nobody has looked. */
  readonly tickets?: ReadonlyMap<string, PushedTicket> | undefined;
}

const TICKET = verbatim('ticket');

/** Describes where the ticket arrives that the platform pushes, and how old the newest one is. */
export async function inspectPushedTicket(
  credential: FetchedConfig,
  surroundings: TicketSurroundings,
): Promise<Findings> {
  const { ticket } = credential;
  const { pushed } = kindOf(credential.type);
  if (!pushed || !ticket) return { facts: [], warnings: [] };
  if (ticket.push) return inspectReceiver(credential, ticket.push, pushed, surroundings);
  return ticket.file === undefined
    ? { facts: [], warnings: [] }
    : inspectFile(credential, ticket.file, pushed, surroundings);
}

async function inspectFile(
  credential: FetchedConfig,
  path: string,
  { name, shape }: PushedKind,
  { clock, tickets }: TicketSurroundings,
): Promise<Findings> {
  const warnings: Text[] = [];
  const file = ticketFile(path, {
    clock,
    warn: (line) => warnings.push(line),
    ...(shape && { shape }),
  });
  const left = await file.read();
  const ticket = newestTicket(tickets?.get(credential.name), left);
  if (!left) warnings.push(...(warnings.length > 0 ? [] : await lackOfFolder(path)));
  const now = clock.now();
  const age = ticket && durationText(ticketAge({ ticket }, now) ?? 0);
  if (ticket && age && pushStanding({ ticket }, policyOf(credential), now) !== 'flowing')
    warnings.push({
      en: en`the ticket in ${path} is ${age} old: pushes come every 10 minutes, so they do not arrive there`,
      zh: zh`${path} 里的 ticket 是 ${age}前的：推送每 10 分钟一次，说明没有送到那里`,
    });
  if (left && age) {
    const pushedAgo: Text = { en: en`${path}: pushed ${age} ago`, zh: zh`${path}：${age}前推送` };
    return { facts: [[TICKET, pushedAgo]], warnings };
  }
  const none: Text =
    warnings.length > 0 && !age
      ? { en: `${path}: holds no ticket that can be used`, zh: `${path}：里面没有可用的 ticket` }
      : {
          en: `${path}: no ticket yet; the app that is pushed the ${name} leaves it there`,
          zh: `${path}：还没有 ticket；由接收 ${name} 推送的应用放在那里`,
        };
  return { facts: [[TICKET, none], ...keptFacts(age)], warnings };
}

/** A ticket that is in the file no more is gone on with. */
function keptFacts(age: Text | undefined): Fact[] {
  if (!age) return [];
  return [
    [
      MORE,
      {
        en: en`the one that was read last is kept: pushed ${age} ago`,
        zh: zh`最后读到的那个保存着：${age}前推送`,
      },
    ],
  ];
}

async function lackOfFolder(path: string): Promise<Text[]> {
  const folder = dirname(path);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return [];
  return [
    {
      en: `${folder} is not there, or no folder: nobody can leave a ticket in ${path}; make it, or mount the volume of the app here`,
      zh: `${folder} 不存在，或者不是目录：没有人能把 ticket 放进 ${path}；请创建它，或者把应用的卷挂载到这里`,
    },
  ];
}

/** The URL of a console that ends in the path of a push. */
const URL_OF: Readonly<Record<PushDialect, Text>> = {
  'open-platform': {
    en: 'the URL of the platform (授权事件接收URL in the console of the Open Platform)',
    zh: '平台的 URL（开放平台后台的授权事件接收URL）',
  },
  'work-weixin': {
    en: 'the URL of the suite (指令回调URL in the provider console)',
    zh: '应用的 URL（服务商后台的指令回调URL）',
  },
};

const METHODS: Readonly<Record<PushDialect, string>> = {
  'open-platform': 'POST',
  'work-weixin': 'GET, POST',
};

async function inspectReceiver(
  credential: FetchedConfig,
  {
    path,
    tokenFile,
    encodingAesKeyFile,
    previousEncodingAesKeyFile: previous,
    forward,
    permanentCodes,
  }: PushConfig,
  { name, dialect }: PushedKind,
  { clock, host, receiver, tickets }: TicketSurroundings,
): Promise<Findings> {
  const url = URL_OF[dialect];
  const at = receiver ? addressText(receiver) : '';
  const facts: Fact[] = [
    [
      { en: 'pushes', zh: '推送' },
      {
        en: en`${METHODS[dialect]} ${path} at ${at}; ${url} ends in this path`,
        zh: zh`${at} 上的 ${METHODS[dialect]} ${path}；${url}以这个路径结尾`,
      },
    ],
  ];
  const key = verbatim('EncodingAESKey');
  const files = await Promise.all([
    inspectSecretFile(tokenFile, host, verbatim('Token'), verbatim('Token')),
    inspectSecretFile(encodingAesKeyFile, host, { en: 'AES key', zh: 'AES 密钥' }, key),
    ...(previous === undefined
      ? []
      : [inspectSecretFile(previous, host, { en: 'old AES key', zh: '旧 AES 密钥' }, key)]),
  ]);
  const passedOn: Fact[] =
    forward === undefined
      ? []
      : [
          [
            { en: 'forward', zh: '转发' },
            {
              en: `${forward} gets everything but tickets; the app there exchanges the codes of authorisations`,
              zh: `除 ticket 以外都转给 ${forward}；授权码由那里的应用使用`,
            },
          ],
        ];
  const exchanged: Fact[] =
    permanentCodes === undefined
      ? []
      : [
          [
            { en: 'codes', zh: '授权码' },
            {
              en: `exchanged here for the permanent code, which is written to ${permanentCodes}`,
              zh: `在这里换取永久授权码，写入 ${permanentCodes}`,
            },
          ],
        ];
  const ticket = tickets?.get(credential.name);
  const now = clock.now();
  const age = ticket && durationText(ticketAge({ ticket }, now) ?? 0);
  const isFlowing = ticket && pushStanding({ ticket }, policyOf(credential), now) === 'flowing';
  const warnings: Text[] =
    age && !isFlowing
      ? [
          {
            en: en`the newest ticket that was received is ${age} old: pushes come every 10 minutes, so they do not arrive, or are refused; status and the log of the daemon say which`,
            zh: zh`收到的最新 ticket 是 ${age}前的：推送每 10 分钟一次，说明没有送到，或者被拒绝；是哪一种见 status 和守护进程的日志`,
          },
        ]
      : [];
  return mergeFindings({ facts, warnings: [] }, ...files, {
    facts: [...passedOn, ...exchanged, [TICKET, receivedText(name, tickets !== undefined, age)]],
    warnings,
  });
}

function receivedText(name: string, isLookedUp: boolean, age: Text | undefined): Text {
  if (age) return { en: en`pushed ${age} ago`, zh: zh`${age}前推送` };
  if (isLookedUp) return { en: `no ${name} has been received yet`, zh: `还没有收到过 ${name}` };
  return {
    en: 'kept where the state is: --online looks there',
    zh: '保存在状态所在的地方：用 --online 查看',
  };
}

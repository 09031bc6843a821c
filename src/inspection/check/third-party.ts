import { dirname } from 'node:path';
import type { FetchedConfig } from '../../config/config.ts';
import { ticketFile } from '../../coordination/folder/ticket-file.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import type { Clock } from '../../core/ports.ts';
import { pushStanding, ticketAge } from '../../core/state/pushed.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import { kindOf, policyOf } from '../../providers/index.ts';
import { stat } from '../../system/fs/files.ts';

/** Describes what a third party, or an account of one, hangs on: the other credential, and the pushed ticket. */
export async function inspectThirdParty(credential: FetchedConfig, clock: Clock): Promise<Findings> {
  const { via, type } = credential;
  const facts: Fact[] = via ? [[verbatim('via'), verbatim(`${via.name} (${via.appId})`)]] : [];
  const found = await inspectTicket(credential, clock);
  const refreshToken: Fact[] =
    kindOf(type).secretless === true
      ? [
          [
            { en: 'secret', zh: '密钥' },
            {
              en: 'none: the refresh token is found in the list of the platform, and kept in the record',
              zh: '无：刷新令牌从平台的授权方列表取得，并保存在记录里',
            },
          ],
        ]
      : [];
  return { facts: [...facts, ...refreshToken, ...found.facts], warnings: found.warnings };
}

/** Nobody exchanges the codes of a suite by himself. */
const LEFT_CODES: Text = {
  en: 'the codes of corps that authorise (create_auth, reset_permanent_code) are not exchanged here: set forward, so that an app does, or somebody has to within 10 minutes of each',
  zh: '企业授权时推送的授权码（create_auth、reset_permanent_code）这里不使用：请设置 forward 让应用来使用，否则每次都要有人在 10 分钟内处理',
};

const TICKET = verbatim('ticket');

async function inspectTicket(credential: FetchedConfig, clock: Clock): Promise<Findings> {
  const path = credential.ticket?.file;
  const { pushed } = kindOf(credential.type);
  const push = credential.ticket?.push;
  if (push && pushed?.dialect === 'work-weixin' && push.forward === undefined)
    return { facts: [], warnings: [LEFT_CODES] };
  if (path === undefined || !pushed) return { facts: [], warnings: [] };
  const warnings: Text[] = [];
  const { shape } = pushed;
  const file = ticketFile(path, {
    clock,
    warn: (line) => warnings.push(line),
    ...(shape && { shape }),
  });
  const ticket = await file.read();
  if (!ticket) {
    const isThere = warnings.length > 0;
    const folder = dirname(path);
    if (!isThere && !(await isFolder(folder)))
      warnings.push({
        en: `${folder} is not there, or no folder: nobody can leave a ticket in ${path}; make it, or mount the volume of the app here`,
        zh: `${folder} 不存在，或者不是目录：没有人能把 ticket 放进 ${path}；请创建它，或者把应用的卷挂载到这里`,
      });
    const none: Text = isThere
      ? { en: `${path}: holds no ticket that can be used`, zh: `${path}：里面没有可用的 ticket` }
      : {
          en: `${path}: no ticket yet; the app that is pushed the ${pushed.name} leaves it there`,
          zh: `${path}：还没有 ticket；由接收 ${pushed.name} 推送的应用放在那里`,
        };
    return { facts: [[TICKET, none]], warnings };
  }
  const state = { ticket };
  const now = clock.now();
  const age = durationText(ticketAge(state, now) ?? 0);
  if (pushStanding(state, policyOf(credential), now) !== 'flowing')
    warnings.push({
      en: en`the ticket in ${path} is ${age} old: pushes come every 10 minutes, so they do not arrive there`,
      zh: zh`${path} 里的 ticket 是 ${age}前的：推送每 10 分钟一次，说明没有送到那里`,
    });
  const pushedAgo: Text = { en: en`${path}: pushed ${age} ago`, zh: zh`${path}：${age}前推送` };
  return { facts: [[TICKET, pushedAgo]], warnings };
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

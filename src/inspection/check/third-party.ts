import type { FetchedConfig } from '../../config/config.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import { type Text, verbatim } from '../../core/text.ts';
import { kindOf } from '../../providers/index.ts';
import { inspectPushedTicket, type TicketSurroundings } from './pushed-ticket.ts';

/** Describes what a third party, or an account of one, hangs on: the other credential, and the pushed ticket. */
export async function inspectThirdParty(
  credential: FetchedConfig,
  surroundings: TicketSurroundings,
): Promise<Findings> {
  const { via, type } = credential;
  const facts: Fact[] = via ? [[verbatim('via'), verbatim(`${via.name} (${via.appId})`)]] : [];
  const found = await inspectPushedTicket(credential, surroundings);
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
  return {
    facts: [...facts, ...refreshToken, ...found.facts],
    warnings: [...found.warnings, ...leftCodes(credential)],
  };
}

/** Nobody exchanges the codes of a suite by himself. */
const LEFT_CODES: Text = {
  en: 'the codes of corps that authorise (create_auth, reset_permanent_code) are not exchanged here: set permanentCodes, so that the daemon does, or forward, so that an app does, or somebody has to within 10 minutes of each',
  zh: '企业授权时推送的授权码（create_auth、reset_permanent_code）这里不使用：请设置 permanentCodes 由守护进程换取，或设置 forward 让应用来换取，否则每次都要有人在 10 分钟内处理',
};

function leftCodes({ type, ticket }: FetchedConfig): Text[] {
  const { pushed } = kindOf(type);
  const { forward, permanentCodes } = ticket?.push ?? {};
  const isSuite = ticket?.push !== undefined && pushed?.dialect === 'work-weixin';
  const isLeft = isSuite && forward === undefined && permanentCodes === undefined;
  return isLeft ? [LEFT_CODES] : [];
}

import type { Text } from '../core/text.ts';
import { oddity, type Shape } from '../schema/odd-text.ts';
import type { CredentialKind } from './kind.ts';

const HEX: Text = { en: '0-9 and a-f', zh: '0-9 和 a-f' };

/** What every AppID of WeChat's documentation looks like. */
const ID: Shape = { prefix: 'wx', allowed: /[0-9a-f]/, words: HEX, length: 18 };

/** What all token types of official accounts, mini programs and their like have in common. */
export const OFFICIAL = {
  family: 'official',
  // The nearest entry, and the one for disaster recovery (docs/wechat-facts.md, Transport).
  hosts: ['https://api.weixin.qq.com', 'https://api2.weixin.qq.com'],
  ownHosts: /^(.+\.)?api2?\.weixin\.qq\.com$/,
  tickets: ['jsapi', 'wx_card'],
  idProblem: (id) =>
    /^ww[0-9a-z]/i.test(id)
      ? {
          en: 'is a CorpID of WeCom (ww…), which belongs to type wecom',
          zh: '是企业微信的 CorpID（ww…），对应类型 wecom',
        }
      : undefined,
  idWarning: (id) => oddity(id, ID),
  secretShape: { allowed: /[0-9a-f]/, words: HEX, length: 32 },
} as const satisfies Pick<
  CredentialKind,
  'family' | 'hosts' | 'ownHosts' | 'tickets' | 'idProblem' | 'idWarning' | 'secretShape'
>;

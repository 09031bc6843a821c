import type { CredentialKind } from './kind.ts';

/** What all token types of official accounts, mini programs and their like have in common. */
export const OFFICIAL = {
  family: 'official',
  // The nearest entry, and the one for disaster recovery (docs/wechat-facts.md, Transport).
  hosts: ['https://api.weixin.qq.com', 'https://api2.weixin.qq.com'],
  ownHosts: /^(.+\.)?api2?\.weixin\.qq\.com$/,
  tickets: ['jsapi', 'wx_card'],
} as const satisfies Pick<CredentialKind, 'family' | 'hosts' | 'ownHosts' | 'tickets'>;

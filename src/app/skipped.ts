import type { Skipped } from '../config/expand.ts';
import type { Text } from '../core/text.ts';

/** What people are told of listed accounts that are not served by their entry, and what to do. */
export const SKIPPED: Readonly<Record<Skipped, { readonly message: Text; readonly advice: Text }>> = {
  configured: {
    message: {
      en: 'listed accounts have an entry of their own, which serves them',
      zh: '列出的账号中有的另有自己的配置，由那一份提供',
    },
    advice: { en: 'nothing is to be done', zh: '无需处理' },
  },
  taken: {
    message: {
      en: 'listed accounts are not served: something else is published where they would be',
      zh: '列出的账号中有的不提供：它的位置已发布了别的内容',
    },
    advice: {
      en: 'give the entry a path or key of its own, or take out what is published there',
      zh: '给这一条配置另一个路径或键，或去掉已在那里发布的内容',
    },
  },
  unusable: {
    message: {
      en: 'listed accounts are not served: their targets cannot work',
      zh: '列出的账号中有的不提供：它的 publish 无法使用',
    },
    advice: { en: 'look at the targets of the entry', zh: '检查这一条配置的 publish' },
  },
  limit: {
    message: {
      en: 'listed accounts are not served: there are too many',
      zh: '列出的账号中有的不提供：账号太多',
    },
    advice: {
      en: 'let another daemon with a state of its own serve some: accounts may be a list of AppIDs',
      zh: '让另一个有独立状态的守护进程服务其中一部分：accounts 可以是 AppID 的列表',
    },
  },
};

/** What is told in place of that where files are left of accounts that have an entry of their own by now. */
export const LEFT: { readonly message: Text; readonly advice: Text } = {
  message: {
    en: 'listed accounts have an entry of their own, which serves them; what this entry published for them stays, and is no longer refreshed',
    zh: '列出的账号中有的另有自己的配置，由那一份提供；这一条为它们发布过的内容还在，但不再刷新',
  },
  advice: {
    en: 'let their readers read what the entry of their own publishes, and remove what is left',
    zh: '让读取方改读它们自己的配置所发布的内容，并删除留下的文件',
  },
};

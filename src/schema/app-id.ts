import * as v from 'valibot';
import { en, type Text, zh } from '../core/text.ts';
import { say, sayOf } from './message.ts';
import { isPlaceholder, oddity } from './odd-text.ts';

const APP_ID: Text = {
  en: 'must be an appid or corpid like wx0000000000000000, without blanks',
  zh: '必须是 AppID 或 CorpID，形如 wx0000000000000000，不含空白',
};
const NUMBER: Text = {
  en: 'must be text; put it into quotes: YAML takes digits alone for a number',
  zh: '必须是文本；给它加上引号：只有数字时，YAML 会把它当作数值',
};
const APP_ID_FORM = /^[A-Za-z0-9_-]{4,64}$/;

const PLACEHOLDER: Text = {
  en: 'is the placeholder of an example: put the id of the account there',
  zh: '是示例里的占位符：换成账号的 ID',
};

const ORIGINAL_ID: Text = {
  en:
    'is the original ID of an account (gh_…, 原始ID), by which nothing can be fetched: the AppID begins with wx and ' +
    'stands in the developer settings of the same account',
  zh: '是账号的原始ID（gh_…），不能用来获取凭据：AppID 以 wx 开头，在同一账号的开发设置里',
};
const ORIGINAL_ID_FORM = /^gh_[0-9a-z]{8,16}$/i;

/** AppID of an account, or CorpID of a corp. */
export const AppId = v.pipe(
  v.string(sayOf(({ input }) => (typeof input === 'number' ? NUMBER : APP_ID))),
  v.regex(
    APP_ID_FORM,
    sayOf(({ input }) => formProblem(String(input))),
  ),
  v.check((text) => !isPlaceholder(text), say(PLACEHOLDER)),
  v.check((text) => !ORIGINAL_ID_FORM.test(text), say(ORIGINAL_ID)),
);

/** Returns why a text can be the id of no account, whatever its type; undefined if it can. */
export function appIdProblem(text: string): Text | undefined {
  if (!APP_ID_FORM.test(text)) return formProblem(text);
  if (isPlaceholder(text)) return PLACEHOLDER;
  return ORIGINAL_ID_FORM.test(text) ? ORIGINAL_ID : undefined;
}

function formProblem(text: string): Text {
  const odd = oddity(text, {
    allowed: /[A-Za-z0-9_-]/,
    words: { en: 'A-Z, a-z, 0-9, - and _', zh: 'A-Z、a-z、0-9、- 和 _' },
  });
  return odd === undefined ? APP_ID : { en: en`${APP_ID}: ${odd}`, zh: zh`${APP_ID}：${odd}` };
}

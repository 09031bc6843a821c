import { OFFICIAL } from '../../src/core/errcodes/official.ts';
import type { ErrcodeRule, FamilyRules, RuleTable } from '../../src/core/errcodes/rule.ts';
import { WECOM } from '../../src/core/errcodes/wecom.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';

/** The tables of error codes as `docs/wechat-facts.md` shows them. */
export function errcodeTables(): string {
  return [`### Official accounts`, '', ...tableOf(OFFICIAL), '', '### WeCom', '', ...tableOf(WECOM)].join(
    '\n',
  );
}

function tableOf({ any, token, ticket, unknown }: FamilyRules): string[] {
  const rows = [...rowsOf(any, 'any'), ...rowsOf(token, 'token'), ...rowsOf(ticket, 'ticket')];
  return [
    '| code | at | what it means | taken for | pause | then |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.sort((one, other) => one.code - other.code).map(({ text }) => text),
    rowOf('any other', 'any', unknown),
  ];
}

function rowsOf(rules: RuleTable, at: string): { readonly code: number; readonly text: string }[] {
  return Object.entries(rules).map(([code, rule]) => ({ code: Number(code), text: rowOf(code, at, rule) }));
}

function rowOf(code: string, at: string, rule: ErrcodeRule): string {
  const then = [
    ...(rule.token === 'suspect' ? ['the token is suspect'] : []),
    ...(rule.secret === 'refused' ? ['the secret is blamed'] : []),
  ];
  const meaning = rule.meaning.replaceAll('{ip}', "the caller's address");
  return `| ${[code, at, meaning, `\`${rule.class}\``, pauseOf(rule), then.join(', ')].join(' | ')} |`;
}

function pauseOf({ backoff: { first, growth, cap } }: ErrcodeRule): string {
  return growth === 1 ? durationOf(first) : `${durationOf(first)} ×${growth} ≤ ${durationOf(cap)}`;
}

function durationOf(ms: number): string {
  if (ms % HOUR === 0) return `${ms / HOUR} h`;
  return ms % MINUTE === 0 ? `${ms / MINUTE} min` : `${ms / SECOND} s`;
}

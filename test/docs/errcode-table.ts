import { FAMILIES } from '../../src/core/errcodes/index.ts';
import type { ErrcodeRule, FamilyRules, RuleTable } from '../../src/core/errcodes/rule.ts';
import { HOUR, MINUTE, SECOND } from '../../src/core/time.ts';

/** The tables of error codes as `docs/wechat-facts.md` shows them. */
export function errcodeTables(): string {
  const { official, wecom } = FAMILIES;
  const tables: readonly (readonly [string, readonly string[]])[] = [
    ['Official accounts', tableOf(official)],
    ['Third parties of the Open Platform', tableOf(FAMILIES['open-platform'], official)],
    ['WeCom', tableOf(wecom)],
    ['Service providers of WeCom', tableOf(FAMILIES['wecom-service'], wecom)],
    ['QQ bots', tableOf(FAMILIES.qq)],
  ];
  return tables
    .flatMap(([title, rows]) => ['', `### ${title}`, '', ...rows])
    .slice(1)
    .join('\n');
}

/** @param besides rules that stand in another table already */
function tableOf({ unknown, ...endpoints }: FamilyRules, besides?: FamilyRules): string[] {
  const known = new Set(Object.values(besides ?? {}).flatMap((rules) => Object.values(rules as RuleTable)));
  const places = new Map<ErrcodeRule, { readonly code: number; readonly at: string[] }>();
  for (const [endpoint, rules] of Object.entries(endpoints)) {
    for (const [code, rule] of Object.entries(rules)) {
      if (known.has(rule)) continue;
      const place = places.get(rule) ?? { code: Number(code), at: [] };
      place.at.push(endpoint);
      places.set(rule, place);
    }
  }
  const rows = [...places].map(([rule, { code, at }]) => ({
    code,
    text: rowOf(String(code), at.join(', '), rule),
  }));
  return [
    '| code | at | what it means | taken for | pause | then |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.sort((one, other) => one.code - other.code).map(({ text }) => text),
    ...(besides?.unknown === unknown ? [] : [rowOf('any other', 'any', unknown)]),
  ];
}

function rowOf(code: string, at: string, rule: ErrcodeRule): string {
  const then = [
    ...(rule.token === 'suspect' ? ['the token is suspect'] : []),
    ...(rule.secret === 'refused' ? ['the secret is blamed'] : []),
    ...(rule.pushedTicket === 'refused' ? ['a newer pushed ticket is waited for'] : []),
  ];
  const meaning = rule.meaning.en.replaceAll('{ip}', "the caller's address");
  return `| ${[code, at, meaning, `\`${rule.class}\``, pauseOf(rule), then.join(', ')].join(' | ')} |`;
}

function pauseOf({ backoff: { first, growth, cap } }: ErrcodeRule): string {
  return growth === 1 ? durationOf(first) : `${durationOf(first)} ×${growth} ≤ ${durationOf(cap)}`;
}

function durationOf(ms: number): string {
  if (ms % HOUR === 0) return `${ms / HOUR} h`;
  return ms % MINUTE === 0 ? `${ms / MINUTE} min` : `${ms / SECOND} s`;
}

import type { Series } from '../observability/metrics/exposed.ts';

/** The labels of each metric. */
export type Vocabulary = ReadonlyMap<string, ReadonlySet<string>>;

/** What Prometheus itself adds to every series. */
const OF_TARGETS = ['job', 'instance'];

const METRIC = /\bwx_token_[a-z_]+/g;
const SELECTOR = /\b(wx_token_[a-z_]+|up)\{([^}]*)\}/g;
const MATCHER = /([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g;
const GROUPING = /\b(?:by|on|ignoring|without)\s*\(([^)]*)\)/g;
const BY = /\bby\s*\(([^)]*)\)/g;
const LEGEND = /\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}/g;

export function vocabularyOf(series: readonly Series[]) {
  const known = new Map<string, Set<string>>();
  const add = (name: string, labels: readonly string[]) =>
    known.set(name, new Set([...(known.get(name) ?? OF_TARGETS), ...labels]));
  for (const { name, labels } of series) add(name, Object.keys(labels));
  add('up', []);
  return known;
}

export function metricsIn(expression: string): readonly string[] {
  return expression.match(METRIC) ?? [];
}

/** What an expression, or a text that is filled in with its result, names that does not exist, a line each. */
export function strangers(expression: string, known: Vocabulary, texts: readonly string[] = []): string[] {
  const all = new Set(metricsIn(expression).flatMap((name) => [...(known.get(name) ?? [])]));
  if (/\bup\b/.test(expression)) for (const label of OF_TARGETS) all.add(label);
  const grouped = [...expression.matchAll(BY)].flatMap(([, labels = '']) => listed(labels));
  const told = grouped.length > 0 ? new Set(grouped) : all;
  return [
    ...metricsIn(expression).filter((name) => !known.has(name)),
    ...[...expression.matchAll(SELECTOR)].flatMap(([, name = '', matchers = '']) =>
      [...matchers.matchAll(MATCHER)]
        .map(([, label = '']) => label)
        .filter((label) => !known.get(name)?.has(label))
        .map((label) => `${name}{${label}}`),
    ),
    ...[...expression.matchAll(GROUPING)]
      .flatMap(([, labels = '']) => listed(labels))
      .filter((label) => !all.has(label)),
    ...texts
      .flatMap((text) => [...text.matchAll(LEGEND)].map(([, label = '']) => label))
      .filter((label) => !told.has(label)),
  ];
}

function listed(labels: string): string[] {
  return labels
    .split(',')
    .map((label) => label.trim())
    .filter((label) => label !== '');
}

import { parse } from 'yaml';
import { type Part, partOf, textOf } from './manifests.ts';

/** The chart's own values. */
export const DEFAULTS: Part = parse(await textOf('chart/values.yaml'));

/** Values that are objects of the API, or labels: their keys are not the chart's. */
export const WHOLE = ['resources', 'podSecurityContext', 'monitoring.dashboard.labels'];

function pathsIn(part: unknown, path: readonly string[] = []): string[] {
  const keys = Object.entries(partOf(part));
  if (keys.length === 0 || WHOLE.includes(path.join('.'))) return [path.join('.')];
  return keys.flatMap(([key, value]) => pathsIn(value, [...path, key]));
}

/** The paths of all values that the chart has. */
export const PATHS: readonly string[] = pathsIn(DEFAULTS);

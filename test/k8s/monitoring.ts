import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** Where what is applied to a cluster lies. */
export const FOLDER = join(import.meta.dirname, '../../k8s/monitoring');

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

export interface RuleGroups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly {
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
}

export interface Dashboard {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr: string; readonly textFormat: string }[] };
}

export const textOf = (name: string) => readFile(join(FOLDER, name), 'utf8');

export async function alerts(): Promise<readonly Alert[]> {
  const { groups }: RuleGroups = parse(await textOf('rules.yaml'));
  return groups.flatMap(({ rules }) => rules);
}

export async function dashboard(): Promise<Dashboard> {
  return JSON.parse(await textOf('dashboard.json'));
}

/** What the dashboard asks, with the texts that are filled in from the answer. */
export async function questions(): Promise<
  readonly { readonly expr: string; readonly texts: readonly string[] }[]
> {
  const { panels, annotations, templating } = await dashboard();
  return [
    ...panels.flatMap(({ targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({ expr, texts: [legendFormat] })),
    ),
    ...annotations.list.map(({ expr, textFormat }) => ({ expr, texts: [textFormat] })),
    ...templating.list.flatMap(({ definition }) => {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? '') ?? [];
      return definition === undefined ? [] : [{ expr: metric, texts: [`{{${label}}}`] }];
    }),
  ];
}

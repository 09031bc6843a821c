import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

/** A rule of a Role that is limited by name. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly verbs: readonly string[];
}

/** What the manifests give to those who refresh, and to those who mirror: the very rules that people apply. */
export const WRITER = rulesIn('base/role.yaml');
export const MIRROR = rulesIn('examples/mirror/role.yaml');

/** The names of both objects, as those rules have them. */
export const SECRET_NAME = nameOf('secrets');
export const LEASE_NAME = nameOf('leases');

function rulesIn(file: string): readonly Rule[] {
  const text = readFileSync(new URL(`../../../k8s/${file}`, import.meta.url), 'utf8');
  const found = parseAllDocuments(text).map((document): unknown => document.toJS());
  const role = found.find((object) => (object as { readonly kind?: unknown }).kind === 'Role');
  if (!role) throw new Error(`no Role in ${file}`);
  return (role as { readonly rules: readonly Rule[] }).rules;
}

function nameOf(resource: string): string {
  const [name] = WRITER.find(({ resources }) => resources.includes(resource))?.resourceNames ?? [];
  if (name === undefined) throw new Error(`no rule for ${resource}`);
  return name;
}

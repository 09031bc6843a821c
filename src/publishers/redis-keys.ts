/** The names of keys: templates, and the key beside the value that holds the details. */

/** What stands for something else in a template. Other braces stay as they are: they may be a hash tag of a Cluster. */
const PLACEHOLDER = /\{(appId|corpId|name)\}/g;

/** What somebody may have meant as one. */
const MEANT = /\{\s*(app_?id|corp_?id|name|kind|of|id|app|corp)\s*\}/gi;

/** What placeholders stand for; undefined where the account has no such thing. */
export type Fillings = Readonly<Record<'appId' | 'corpId' | 'name', string | undefined>>;

/** Fills a template in, or says why it cannot be. */
export function filledIn(
  template: string,
  fillings: Fillings,
): { readonly key: string; readonly problem?: never } | { readonly key?: never; readonly problem: string } {
  for (const [found] of template.matchAll(MEANT)) {
    const name = found.slice(1, -1);
    if (!Object.hasOwn(fillings, name))
      return { problem: `knows no ${found}: there are {appId}, {corpId} and {name}` };
    if (fillings[name as keyof Fillings] === undefined)
      return { problem: `has ${found}, which is not known of this credential` };
  }
  const key = template.replace(PLACEHOLDER, (_, name: keyof Fillings) => fillings[name] ?? '');
  return { key };
}

/**
 * The key beside a value that holds its details. It lies on the same node of a Cluster: the key that it belongs to is its
 * hash tag, or has one itself.
 */
export function companionOf(key: string): string {
  return /\{[^}]+\}/.test(key) ? `${key}${BESIDE}` : `{${key}}${BESIDE}`;
}

const BESIDE = ':wx-token-sidecar';

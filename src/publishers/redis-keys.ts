/** The names of keys: templates, and the key beside the value that holds the details. */

/**
 * What may stand for something else in a template, and braces that are written twice, which stand for themselves. Others stay
 * as they are: they may be a hash tag of a Cluster.
 */
const BRACES = /\{\{([^{}]*)\}\}|\{([^{}]*)\}/g;

/** What somebody means as a placeholder, without case, blanks and what joins words. A hash tag is seldom called so. */
const MEANT =
  /(id|name|secret|token|ticket)$|^(app|corp|suite|component|agent|account|credential|kind|type|of|platform|env|environment|host|prefix)$/i;

/** What placeholders stand for; undefined where the account has no such thing. */
export type Fillings = Readonly<Record<'appId' | 'corpId' | 'name', string | undefined>>;

/** Fills a template in, or says why it cannot be. */
export function filledIn(
  template: string,
  fillings: Fillings,
): { readonly key: string; readonly problem?: never } | { readonly key?: never; readonly problem: string } {
  let problem: string | undefined;
  const key = template.replace(BRACES, (found, literal?: string, name = '') => {
    if (literal !== undefined) return `{${literal}}`;
    if (isPlaceholder(name)) {
      if (fillings[name] === undefined) problem ??= `has ${found}, which is not known of this credential`;
      return fillings[name] ?? '';
    }
    if (MEANT.test(name.replace(/[\s_-]/g, '')))
      problem ??= `knows no ${found}: there are {appId}, {corpId} and {name}. Where the key itself has these braces, write {${found}}`;
    return found;
  });
  return problem === undefined ? { key } : { problem };
}

const PLACEHOLDERS = ['appId', 'corpId', 'name'] as const;

function isPlaceholder(name: string): name is keyof Fillings {
  return PLACEHOLDERS.some((known) => known === name);
}

/** The placeholders in a text in which none is filled in. */
export function placeholdersIn(text: string): readonly string[] {
  return PLACEHOLDERS.map((name) => `{${name}}`).filter((braces) => text.includes(braces));
}

/** How many characters of a secret in a row betray it. */
const BETRAYING = 8;

/**
 * Whether a text has something of the secret in it, in whatever case: all of it, or enough of it in a row. A placeholder that
 * was made of the real one, or a part of it, tells who may list the keys what to try.
 */
export function betrays(text: string, secret: string): boolean {
  const [there, known] = [text.toLowerCase(), secret.toLowerCase()];
  if (known.length <= BETRAYING) return known !== '' && there.includes(known);
  for (let at = 0; at + BETRAYING <= known.length; at += 1)
    if (there.includes(known.slice(at, at + BETRAYING))) return true;
  return false;
}

/**
 * The key beside a value that holds its details. It lies on the same node of a Cluster: the key that it belongs to is its
 * hash tag, or has one itself.
 */
export function companionOf(key: string): string {
  return /\{[^}]+\}/.test(key) ? `${key}${BESIDE}` : `{${key}}${BESIDE}`;
}

const BESIDE = ':wx-token-sidecar';

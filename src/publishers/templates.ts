/** Names with placeholders, which stand for what tells credentials apart. */
import type { Text } from '../core/text.ts';
import type { ResolveTools } from './kind.ts';

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
): { readonly key: string; readonly problem?: never } | { readonly key?: never; readonly problem: Text } {
  let problem: Text | undefined;
  const key = template.replace(BRACES, (found, literal?: string, name = '') => {
    if (literal !== undefined) return `{${literal}}`;
    if (isPlaceholder(name)) {
      if (fillings[name] === undefined) {
        problem ??= {
          en: `has ${found}, which is not known of this credential`,
          zh: `里有 ${found}，而这份凭据没有它`,
        };
      }
      return fillings[name] ?? '';
    }
    if (MEANT.test(name.replace(/[\s_-]/g, ''))) {
      problem ??= {
        en: `knows no ${found}: there are {appId}, {corpId} and {name}. Where the key itself has these braces, write {${found}}`,
        zh: `没有 ${found} 这个占位符：有 {appId}、{corpId} 和 {name}。如果键本身带有这样的花括号，写成 {${found}}`,
      };
    }
    return found;
  });
  return problem === undefined ? { key } : { problem };
}

const PLACEHOLDERS = ['appId', 'corpId', 'name'] as const;

function isPlaceholder(name: string): name is keyof Fillings {
  return PLACEHOLDERS.some((known) => known === name);
}

/** The first braces in a text that are meant as a placeholder, and are none of those that there are. */
export function mistakenPlaceholder(text: string, known: readonly string[]): string | undefined {
  const all = [...text.matchAll(BRACES)];
  return all.find(([, literal, name = '']) => {
    return literal === undefined && !known.includes(name) && MEANT.test(name.replace(/[\s_-]/g, ''));
  })?.[0];
}

/** The placeholders in a text in which none is filled in. */
export function placeholdersIn(text: string): readonly string[] {
  return PLACEHOLDERS.map((name) => `{${name}}`).filter((braces) => text.includes(braces));
}

/** What placeholders stand for in the targets of a credential; of a mirror the name alone is known. */
export function fillingsOf({ owner, name }: Pick<ResolveTools, 'owner' | 'name'>): Fillings {
  return {
    appId: owner?.idKey === 'appId' ? owner.appId : undefined,
    corpId: owner?.idKey === 'corpId' ? owner.appId : undefined,
    name,
  };
}

import { eastAsianWidth } from 'get-east-asian-width';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Answers } from '../../src/setup/answers.ts';
import { filesFor } from '../../src/setup/files.ts';
import { CLUSTER_FILES, SIDECAR_FILES } from '../../src/setup/kubernetes-files.ts';
import { COMMENTS, commentsIn } from '../../src/setup/manifest-comments.ts';

const FILES = Object.entries({ ...CLUSTER_FILES, ...prefixed(SIDECAR_FILES) });

function prefixed(files: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`sidecar/${name}`, text]));
}

/** The lines of comments, without those that are to be copied. */
const proseIn = (text: string) =>
  [...text.matchAll(/^ *# ?(.*)$/gm)]
    .map(([, words = '']) => words.replace(/^ +# /, ''))
    .filter((words) => !/^ {2,}|^\w+: \S+$/.test(words));

const columnsOf = (line: string) =>
  [...line].reduce((sum, character) => sum + eastAsianWidth(character.codePointAt(0) ?? 0), 0);

const dataOf = (text: string) => parseAllDocuments(text).map((document) => document.toJS() as unknown);

describe('comments of manifests', () => {
  it.for(FILES)('%s says every comment in Chinese, and changes nothing else', ([, text]) => {
    const chinese = commentsIn(text, 'zh');
    expect(dataOf(chinese)).toEqual(dataOf(text));
    for (const line of proseIn(chinese)) {
      // A term alone may fill the end of a paragraph.
      expect(line).toMatch(/\p{Script=Han}|^[\w./]+[。，：；]?$/u);
      expect(line).not.toMatch(/\b(?:the|which|never|whoever|where)\b/);
    }
    for (const line of chinese.split('\n').filter((one) => /^ *# .*\p{Script=Han}/u.test(one))) {
      expect(columnsOf(line), line).toBeLessThanOrEqual(112);
      expect(line).not.toMatch(/# [，。；：、）]/);
    }
    expect(commentsIn(text, 'en')).toBe(text);
  });

  it('what is to be copied out of a comment is the same in Chinese', () => {
    const copied = (text: string) => text.match(/^ *# (?: +[^#\n]+|\w+: \S+)$/gm);
    for (const [, text] of FILES) expect(copied(commentsIn(text, 'zh'))).toEqual(copied(text));
  });

  it('no comment is lost in Chinese, and no translation is left over', () => {
    const all = FILES.map(([, text]) => commentsIn(text, 'zh').replaceAll(/\s*#\s*|\s+/g, '')).join('');
    for (const { zh } of COMMENTS) expect(all).toContain(zh.replaceAll(/\s+/g, ''));
  });

  it.for(['systemd', 'compose', 'sidecar', 'cluster'] as const)(
    'all comments that init writes for %s are Chinese where its answers are',
    (reader) => {
      const answers: Answers = {
        ...{ type: 'stable-token', appId: 'wx0000000000000000', name: 'main', reader, language: 'zh' },
        ...{ file: '/var/run/wx/token', secretFile: '/etc/wx-token/main' },
      };
      for (const [name, text] of Object.entries(filesFor(answers))) {
        for (const line of proseIn(text)) expect(line, name).toMatch(/\p{Script=Han}|^[\w./]+[。，：；]?$/u);
      }
    },
  );
});

import { describe, expect, it } from 'vitest';
import { readYaml } from '../../../src/config/read/yaml.ts';
import { expectChinese } from '../told.ts';

const told = (text: string) =>
  readYaml(text).problems.map(({ line, what }) => {
    expectChinese(what);
    return `${line}: ${what.en}`;
  });

describe('brackets and quotes that are never closed', () => {
  it.each([
    ['a: [1', '1: opens a bracket ([) that is never closed: a ] is missing'],
    ['a: [1\nb: 2\n', '1: opens a bracket ([) that is never closed: a ] is missing'],
    ['z: 0\na: {x: 1\nb: 3\n', '2: opens a bracket ({) that is never closed: a } is missing'],
    [
      'a:\n  - name: b\n    tickets: [jsapi\n    publish:\n      - {type: file}\n',
      '3: opens a bracket ([) that is never closed: a ] is missing',
    ],
    ['{"a": [1,\n"b": 2}', '1: opens a bracket ([) that is never closed: a ] is missing'],
    ['z: 0\na: "x\nb: 2\n', '2: opens a quote (") that is never closed'],
    ["a: 'x\nb: 2\n", "1: opens a quote (') that is never closed"],
  ])('%j is told at the line that opens it', (text, ...expected) => {
    expect(told(text)).toEqual([expected[0]]);
  });

  it('each of two unclosed brackets is told, and what is wrong before them as well', () => {
    expect(told('a: 1\n b: 2\nc: [1\nd: {e: 1\n')).toEqual([
      expect.stringMatching(/^1: is followed by a line that is indented further/),
      '3: opens a bracket ([) that is never closed: a ] is missing',
      '4: opens a bracket ({) that is never closed: a } is missing',
    ]);
  });

  it('an indentation that is wrong is told as one, where every bracket is closed', () => {
    expect(told('a:\n  - b\n c: [1]\n')).toEqual(['3: is not indented as what stands around it']);
  });
});

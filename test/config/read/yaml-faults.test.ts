import { describe, expect, it } from 'vitest';
import { readYaml } from '../../../src/config/read/yaml.ts';
import { expectChinese } from '../told.ts';

const told = (text: string) =>
  readYaml(text).problems.map(({ line, what }) => {
    expectChinese(what);
    return `${line}: ${what.en}`;
  });

const MISPLACED = 'is not indented as what stands around it';
const FURTHER =
  'is followed by a line that is indented further, and so belongs to this value: indent both keys alike';

describe('faults of YAML', () => {
  it.each([
    ['credentials:\n  - name: a\n   appId: b\n', `3: ${MISPLACED}`],
    ['credentials:\n  - name: a\n appId: b\n', `3: ${MISPLACED}`],
    ['credentials:\r\n  - name: a\r\n   appId: b\r\n', `3: ${MISPLACED}`],
    ['http:\n   listen: b\n  allowedHosts: c\n', `3: ${MISPLACED}`],
    ['credentials:\n  - name: a\n      appId: b\n', `2: ${FURTHER}`],
    ['http:\n  listen: a\n    allowedHosts: b\n', `2: ${FURTHER}`],
  ])('the wrong indentation of %j is told as one', (text, expected) => {
    expect(told(text)).toEqual([expected]);
  });

  it.each([
    ['a: [1]]', '1: closes a bracket (]) that was never opened'],
    ['z: 0\na: {b: 1}}\n', '2: closes a bracket (}) that was never opened'],
  ])('the bracket too many of %j is told as one', (text, expected) => {
    expect(told(text)).toEqual([expected]);
  });

  it.each([
    ["a: 'it's'", "1: goes on after a closing quote ('): a quote within quotes is written ''"],
    ['a: "b" c', '1: goes on after a closing quote ("): a quote within quotes is written \\"'],
  ])('what stands after the closing quote of %j is told as that', (text, expected) => {
    expect(told(text)).toEqual([expected]);
  });

  it.each([
    ['a: 1\nb\nc: 2\n', /^2: lacks a character of punctuation/],
    ['a: b: c', /^1: holds a key within the value of a key/],
    ['a: [1] b', /^1: is not valid YAML: something is too much here/],
  ])('%j is no matter of indentation', (text, expected) => {
    expect(told(text)).toEqual([expect.stringMatching(expected)]);
  });
});

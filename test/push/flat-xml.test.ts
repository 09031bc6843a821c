import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFlatXml } from '../../src/push/flat-xml.ts';

const read = (document: string) => {
  const values = readFlatXml(document);
  return values && Object.fromEntries(values);
};

describe('XML of callbacks', () => {
  it('values may be bare or CDATA, with blanks around the one and the other', () => {
    const document = `<xml>
      <AppId><![CDATA[wx0000000000000000]]></AppId>
      <CreateTime>1413192605</CreateTime>
      <InfoType> <![CDATA[suite_ticket]]></InfoType><Empty/><Blank> </Blank>
    </xml>
    `;
    expect(read(document)).toEqual({
      AppId: 'wx0000000000000000',
      CreateTime: '1413192605',
      InfoType: 'suite_ticket',
      Empty: '',
      Blank: '',
    });
  });

  it('CDATA may hold what would be markup outside', () => {
    expect(read('<xml><A><![CDATA[<b>&amp;]]]]></A></xml>')).toEqual({ A: '<b>&amp;]]' });
  });

  it('names are case-sensitive', () => {
    expect(read('<xml><AppId>1</AppId><AppID>2</AppID></xml>')).toEqual({ AppId: '1', AppID: '2' });
  });

  it('an element that occurs twice, or holds elements, counts as absent', () => {
    expect(read('<xml><A>1</A><B>2</B><A>3</A></xml>')).toEqual({ B: '2' });
    expect(read('<xml><info><name>1</name></info><A>1</A></xml>')).toEqual({ A: '1' });
    expect(read('<xml><A>1</A><A><A>2</A></A></xml>')).toEqual({});
  });

  it.each([
    ['nothing', ''],
    ['another root', '<html></html>'],
    ['a missing end', '<xml><A>1</A><xml>'],
    ['two roots', '<xml></xml><xml></xml>'],
    ['text beside elements', '<xml>1<A>2</A></xml>'],
    ['text after the end', '<xml></xml>1'],
    ['crossed tags', '<xml><A><B></A></B></xml>'],
    ['a declaration', '<?xml version="1.0"?><xml></xml>'],
    ['a DOCTYPE', '<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;</A></xml>'],
    ['an entity', '<xml><A>&lt;</A></xml>'],
    ['a reference to a character', '<xml><A>&#65;</A></xml>'],
    ['an attribute', '<xml a="b"></xml>'],
    ['a comment', '<xml><!-- --></xml>'],
    ['CDATA without an end', '<xml><A><![CDATA[1</A></xml>'],
    ['a nesting of six', '<xml><a><b><c><d><e></e></d></c></b></a></xml>'],
    ['more than 64 KB', `<xml><A>${'x'.repeat(65_536)}</A></xml>`],
  ])('a document with %s is refused', (_, document) => {
    expect(read(document)).toBeUndefined();
  });

  it('any values in CDATA come back trimmed', () => {
    const value = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(']]>'));
    fc.assert(
      fc.property(value, value, (one, two) => {
        const document = `<xml><A><![CDATA[${one}]]></A><B><![CDATA[${two}]]></B></xml>`;
        expect(read(document)).toEqual({ A: one.trim(), B: two.trim() });
      }),
    );
  });

  it('no document makes it throw', () => {
    const pieces = fc.constantFrom(
      '<xml>',
      '</xml>',
      '<A>',
      '</A>',
      '<A/>',
      '<![CDATA[',
      ']]>',
      '&',
      ' ',
      'x',
      '<',
    );
    fc.assert(
      fc.property(fc.array(pieces), (parts) => {
        expect(() => readFlatXml(parts.join(''))).not.toThrow();
      }),
    );
  });
});

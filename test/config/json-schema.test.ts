import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { jsonSchema } from './json-schema.ts';

interface Part {
  readonly description?: unknown;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Part>>;
  readonly items?: Part;
  readonly oneOf?: readonly Part[];
}

/** Paths of keys that an editor has nothing to say about. */
function speechless({ properties = {}, items, oneOf = [] }: Part, path = ''): string[] {
  const found = Object.entries(properties).flatMap(([name, part]) => [
    ...(typeof part.description === 'string' ? [] : [`${path}${name}`]),
    ...speechless(part, `${path}${name}.`),
  ]);
  return [
    ...found,
    ...oneOf.flatMap((each) => speechless(each, path)),
    ...(items ? speechless(items, path) : []),
  ];
}

describe('JSON schema for editors', () => {
  it('config.schema.json matches the schema of the program (npm run schema writes it)', async () => {
    const written: unknown = JSON.parse(await readFile('config.schema.json', 'utf8'));
    expect(written).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
  });

  it('the package ships config.schema.json', async () => {
    const { files } = JSON.parse(await readFile('package.json', 'utf8')) as {
      readonly files: readonly string[];
    };
    expect(files).toContain('config.schema.json');
  });

  it('the schema describes every key and gives defaults and formats', async () => {
    const schema = JSON.parse(JSON.stringify(jsonSchema())) as Part;
    expect(speechless(schema)).toEqual([]);
    expect(schema).toMatchObject({
      required: ['credentials'],
      additionalProperties: false,
      properties: {
        schedule: { default: '*/5 * * * * *' },
        platform: { properties: { timeout: { default: '10s', pattern: expect.any(String) } } },
        credentials: {
          items: {
            required: ['name', 'publish'],
            additionalProperties: false,
            properties: {
              type: {
                default: 'stable-token',
                enum: [
                  'stable-token',
                  'access-token',
                  'wecom',
                  'component',
                  'authorizer',
                  'wecom-provider',
                  'wecom-suite',
                  'wecom-corp',
                  'qq-bot',
                  'authorizers',
                  'mirror',
                ],
              },
              rotationWindow: { default: '5m' },
              ahead: { default: '10m' },
              budget: { properties: { fetchesPerDay: { default: 2000, minimum: 1, type: 'integer' } } },
            },
          },
        },
      },
    });
  });

  it('the schema has no key for a literal secret', async () => {
    const { properties = {} }: Part = JSON.parse(JSON.stringify(jsonSchema()));
    const keys = Object.keys(properties['credentials']?.items?.properties ?? {});
    expect(keys).toContain('secretFile');
    expect(keys).not.toContain('secret');
  });
});

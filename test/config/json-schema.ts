import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { Document } from '../../src/config/schema/index.ts';

/** What editors check and complete a configuration with, made of the schema that the program itself reads it by. */
export function jsonSchema(): JsonSchema {
  const schema = toJsonSchema(Document, {
    // What a file holds, not what becomes of it.
    typeMode: 'input',
    // Checks that JSON Schema has no words for are left to the program.
    ignoreActions: ['check', 'raw_check'],
    overrideSchema: ({ valibotSchema, jsonSchema: converted }) =>
      isKey(valibotSchema) ? { ...converted, ...saidOf(valibotSchema.wrapped) } : undefined,
  });
  return { title: 'wx-token-sidecar', ...schema };
}

type Key = v.OptionalSchema<v.GenericSchema, undefined>;

function isKey(schema: v.GenericSchema): schema is Key {
  return schema.type === 'optional';
}

/** The converter leaves out what stands behind a transformation. */
function saidOf(schema: v.GenericSchema): JsonSchema {
  const description = v.getDescription(schema);
  const { default: value } = v.getMetadata(schema);
  return {
    ...(description !== undefined && { description }),
    ...(typeof value === 'string' && { default: value }),
  };
}

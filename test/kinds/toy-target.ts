import { readFile, writeFile } from 'node:fs/promises';
import { verbatim } from '../../src/core/text.ts';
import { type TargetConfig, targetKind } from '../../src/publishers/kind.ts';
import { key } from '../../src/schema/blocks.ts';
import { AbsolutePath } from '../../src/schema/values.ts';

interface Drawer extends TargetConfig {
  readonly drawer: string;
}

const options = { drawer: key(AbsolutePath, 'Where the drawer is.') };

/** A kind of target that nothing but this file knows. */
export const toyTarget = targetKind<typeof options, Drawer>({
  type: 'toy-drawer',
  description: 'A drawer that holds a token.',
  options,
  required: ['drawer'],
  writesFiles: false,
  async resolve({ type, of, format, drawer }, { at, isMissing }) {
    if (
      isMissing([...at, 'drawer'], drawer, { en: 'where the drawer is', zh: '抽屉在哪里' }) ||
      drawer === undefined
    )
      return undefined;
    return { type, of, format, drawer };
  },
  idOf: ({ drawer }) => `toy-drawer:${drawer}`,
  places: ({ drawer }) => [{ words: verbatim(`the drawer ${drawer}`) }],
  open:
    () =>
    ({ drawer }) => ({
      id: `toy-drawer:${drawer}`,
      prepare: async () => [],
      async publish(token) {
        const held = await readFile(drawer, 'utf8').catch(() => undefined);
        if (held === token.value.reveal()) return 'unchanged';
        await writeFile(drawer, token.value.reveal(), { mode: 0o600 });
        return 'written';
      },
    }),
  inspect: async (targets) => ({
    facts: targets.map(({ of, drawer }) => [verbatim(of), verbatim(`in the drawer ${drawer}`)] as const),
    warnings: [],
  }),
});

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/config/read/environment.ts';
import { FORMS } from '../../src/usage/index.ts';
import { runTool } from '../support/tools.ts';
import { MAN_PAGE, manPage } from './man-page.ts';

describe('the man page', () => {
  it('the page is what --help and the schema say (npm run pages writes it)', async () => {
    expect(await readFile(MAN_PAGE, 'utf8')).toBe(manPage());
  });

  it('npm installs the page with the program', async () => {
    const { man, files } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(man).toBe(MAN_PAGE);
    expect(files).toContain(MAN_PAGE);
  });

  it('mandoc finds nothing wrong with the page but that it has no date', async (context) => {
    const { output } = await runTool(context, 'mandoc', ['-T', 'lint', MAN_PAGE]);
    expect(output.trim().split('\n')).toEqual([expect.stringMatching(/:2:\d+: WARNING: missing date/)]);
  });

  it('a reader of the page sees every command, every option, every example and every variable', async (context) => {
    const { code, output } = await runTool(context, 'mandoc', ['-T', 'utf8', '-O', 'width=200', MAN_PAGE]);
    expect(code).toBe(0);
    // Bold is a letter, a backspace and the letter again.
    const shown = output.replaceAll(/.\x08/g, '');
    for (const { name, options, examples } of FORMS) {
      expect(shown).toContain(`\n${name.toUpperCase()}\n`);
      for (const option of Object.keys(options)) expect(shown).toContain(`--${option}`);
      for (const { command } of examples) expect(shown).toContain(command);
    }
    for (const variable of VARIABLES) expect(shown).toContain(variable);
  });
});

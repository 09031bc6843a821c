import { writeFileSync } from 'node:fs';
import { LANGUAGES } from '../../src/core/text.ts';
import { configReference } from './config-reference.ts';
import { ERRCODE_PAGES, errcodePage } from './errcode-table.ts';
import { MAN_PAGE, manPage } from './man-page.ts';

/** Writes what is made of the program's own tables and schema. Called in the folder of the repository. */
writeFileSync('docs/configuration-reference.md', configReference());
for (const language of LANGUAGES) writeFileSync(ERRCODE_PAGES[language], errcodePage(language));
writeFileSync(MAN_PAGE, manPage());

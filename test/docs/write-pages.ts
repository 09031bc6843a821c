import { readFileSync, writeFileSync } from 'node:fs';
import { configReference } from './config-reference.ts';
import { errcodeTables } from './errcode-table.ts';
import { MAN_PAGE, manPage } from './man-page.ts';

/** Writes what is made of the program's own tables and schema. Called in the folder of the repository. */
writeFileSync('docs/configuration-reference.md', configReference());
const facts = readFileSync('docs/wechat-facts.md', 'utf8');
const filled = () => `<!-- codes -->\n${errcodeTables()}\n<!-- /codes -->`;
writeFileSync('docs/wechat-facts.md', facts.replace(/<!-- codes -->[\s\S]*<!-- \/codes -->/, filled));
writeFileSync(MAN_PAGE, manPage());

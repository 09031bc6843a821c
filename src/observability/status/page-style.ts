import { escapeControls } from '../log/escape.ts';

export const STYLE = `
:root {
  color-scheme: light dark;
  --focus: #1f6feb; --paper: #f5f6f8; --card: #fff; --ink: #1b2027; --faint: #5c6773; --line: #e2e6eb; --control: #8a94a0; --rest: #e9ecf0;
  --good: #177245; --warning: #8f5a00; --bad: #b3261e; --warning-paper: #fdf6e7; --bad-paper: #fdf1f0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --focus: #79b0ff; --paper: #0f1216; --card: #171b21; --ink: #e4e8ed; --faint: #98a3af; --line: #2a3038; --control: #6b7683; --rest: #2a3038;
    --good: #5fc992; --warning: #e6b450; --bad: #f2857c; --warning-paper: #26210f; --bad-paper: #2a1715;
  }
}
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
body {
  background: var(--paper); color: var(--ink); padding: 2.5rem 1.25rem 3rem;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
body > * { max-width: 60rem; margin-inline: auto; }
a { color: inherit; text-underline-offset: .2em; }
code { font: .92em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.top { margin-bottom: 1.75rem; }
.top p { color: var(--faint); }
h1 { font-size: 1.75rem; line-height: 1.25; font-weight: 650; letter-spacing: -.015em; }
h1::before { content: ""; display: inline-block; width: .55em; height: .55em; border-radius: 50%; margin-right: .45em; background: var(--tone); }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin-bottom: .9rem;
  border-left: 4px solid var(--tone); padding: 1.1rem 1.35rem 1.2rem;
}
.good { --tone: var(--good); } .warning { --tone: var(--warning); } .bad { --tone: var(--bad); }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem .7rem; }
h2 { font-size: 1.1rem; font-weight: 650; }
.title { font-weight: 500; }
.kind { color: var(--faint); font-weight: 400; }
.tag { font-size: .8rem; color: var(--faint); border: 1px solid var(--line); border-radius: 99px; padding: 0 .55rem; }
.state { margin-left: auto; color: var(--tone); font-weight: 600; }
.bar { display: block; width: 100%; height: 6px; margin: .65rem 0 .4rem; border-radius: 3px; }
.bar .rest { fill: var(--rest); } .bar .left { fill: var(--tone); }
.life { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; color: var(--faint); }
.life b { color: var(--ink); font-weight: 600; }
.note { margin-top: .9rem; padding: .65rem .9rem; border-radius: 6px; background: var(--bad-paper); }
.warning .note { background: var(--warning-paper); }
.note p + p { margin-top: .3rem; }
.note b { font-weight: 600; }
.facts { color: var(--faint); font-size: .9em; }
.more { display: grid; grid-template-columns: minmax(0, 1fr) 15rem; gap: 1rem 2rem; margin-top: .9rem; align-items: end; }
dl { display: grid; grid-template-columns: 5rem minmax(0, 1fr); gap: .15rem .75rem; }
dt { color: var(--faint); white-space: nowrap; }
dd p + p { margin-top: .1rem; }
.mark { white-space: nowrap; }
.tone { color: var(--tone); }
figure svg { display: block; width: 100%; height: 3rem; }
.axis { stroke: var(--line); } .hit { fill: transparent; } .done { fill: var(--faint); } .failed { fill: var(--bad); }
figcaption { display: flex; justify-content: space-between; gap: .5rem; color: var(--faint); font-size: .8rem; margin-top: .2rem; }
.filter { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .75rem; margin-bottom: 1.1rem; color: var(--faint); }
.filter input {
  flex: 0 1 22rem; min-width: 0; font: inherit; color: var(--ink); background: var(--card);
  border: 1px solid var(--control); border-radius: 8px; padding: .4rem .7rem;
}
.filter input::placeholder { color: var(--faint); opacity: 1; }
.stale { margin-bottom: 1.1rem; padding: .65rem .9rem; border-radius: 6px; background: var(--bad-paper); }
.card.line { padding: 0; margin-bottom: .3rem; border-radius: 7px; }
.line summary {
  display: grid; grid-template-columns: minmax(0, 1fr) 5rem 10rem 16.5rem 4.5rem; gap: 0 1rem; align-items: center;
  padding: .42rem .9rem; cursor: pointer; list-style: none; border-radius: 6px;
}
.line summary::-webkit-details-marker { display: none; }
.line summary > * { min-width: 0; margin: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.line .who { display: flex; gap: 0 .35em; align-items: baseline; }
.line .who > * { flex: none; }
.line .who b { max-width: calc(100% - 4em); font-weight: 600; }
.line .who .title { flex: 0 1 auto; min-width: 0; }
.line .who b, .line .who .title { overflow: hidden; text-overflow: ellipsis; }
.line[open] .who { flex-wrap: wrap; white-space: normal; }
.line[open] .who b { max-width: 100%; }
.line .ends { color: var(--faint); }
.line .left-over { color: var(--faint); text-align: right; }
.line .left-over b { color: var(--ink); font-weight: 500; }
.line .state { text-align: right; font-weight: 500; }
.line .body { padding: .2rem .9rem .9rem; }
.rest-of-them, footer { color: var(--faint); margin-top: 1.5rem; }
footer { font-size: .85rem; }
@media (max-width: 44rem) {
  body { padding: 1.5rem .8rem 2rem; }
  h1 { font-size: 1.4rem; }
  .card { padding: .9rem 1rem 1rem; }
  .more { grid-template-columns: minmax(0, 1fr); }
  dl { column-gap: .5rem; }
  .line summary { grid-template-columns: minmax(0, 1fr) auto auto; padding: .5rem .75rem; gap: 0 .6rem; }
  .line summary .bar, .line summary .ends { display: none; }
  .line .left-over { font-size: .92em; }
  .line .state .words { position: absolute; width: 1px; height: 1px; clip-path: inset(50%); overflow: hidden; }
  .line .body { padding: .1rem .75rem .8rem; }
  .filter input { flex: 1 1 100%; font-size: 16px; }
}
`;

/** Text that is already HTML. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | readonly Html[] | undefined;

/**
 * Builds HTML in which every string value is text, whatever it holds: markup stays visible, and so do characters that
 * would turn the direction of a line. In attributes, use values only between double quotes.
 */
export function html(literals: TemplateStringsArray, ...values: readonly Part[]): Html {
  return { html: literals.reduce((text, literal, index) => text + written(values[index - 1]) + literal) };
}

/** A sentence, with what stands in backticks as code. */
export function prose(text: string): readonly Html[] {
  return text
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function written(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') {
    return escapeControls(part).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
  }
  return 'html' in part ? part.html : part.map((one) => one.html).join('');
}

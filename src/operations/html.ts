import { escapeControls } from './escape.ts';

/** What is HTML already. */
export interface Html {
  readonly html: string;
}

type Part = string | number | Html | readonly Html[] | undefined;

/**
 * HTML in which every value is text, whatever it holds: markup stays visible, and so does what would turn the direction
 * of a line. In attributes only between double quotes.
 */
export function html(literals: TemplateStringsArray, ...values: readonly Part[]): Html {
  return { html: literals.reduce((text, literal, index) => text + written(values[index - 1]) + literal) };
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

import { createHash } from 'node:crypto';
import { SCRIPT } from './page-script.ts';
import { type Html, STYLE } from './page-style.ts';

/**
 * Allows the style and the script of the page, `data:` images and requests to the daemon itself, and forbids
 * everything else: any other script or style, and content from elsewhere.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `script-src '${digestOf(SCRIPT)}'`,
  `style-src '${digestOf(STYLE)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

export const STYLE_ELEMENT: Html = { html: `<style>${STYLE}</style>` };

export const SCRIPT_ELEMENT: Html = { html: `<script>${SCRIPT}</script>` };

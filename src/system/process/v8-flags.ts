import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 what a daemon is like that does a little every few hours, where Node is given no options: in a pod nobody
 * writes them, and a symbolic link cannot hold them. To be called before the first request.
 */
export function preferSmall(): void {
  // Collected sooner and grown more slowly: a tenth less memory at rest. It costs time on a processor, of which there is
  // enough: thousands of credentials are measured with it.
  setFlagsFromString('--optimize-for-size');
  keepWebAssemblyPlain();
}

/**
 * undici reads HTTP with a parser in WebAssembly, one big function, which the V8 of Node 20 optimises as soon as it has
 * read one answer: a tenth of a second on a processor and 40 MB at the peak, for a few calls a day. So much work that it
 * is never worth it is asked for instead. The parser runs as it is, compiled plainly; nothing else in this program is
 * WebAssembly. The V8 of later lines waits longer by itself.
 *
 * V8 warns of flags that change while it runs: this one is a number that it looks at when it compiles a module, and none
 * has been compiled then.
 */
function keepWebAssemblyPlain(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString('--wasm-tiering-budget=2147483647');
}

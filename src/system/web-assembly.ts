import { setFlagsFromString } from 'node:v8';

/**
 * undici reads HTTP with a parser in WebAssembly, one big function, which the V8 of Node 20 optimises as soon as it has
 * read one answer: a tenth of a second on a processor and 40 MB at the peak, for a few calls a day. So much work that it
 * is never worth it is asked for instead. The parser runs as it is, compiled plainly; nothing else in this program is
 * WebAssembly. The V8 of later lines waits longer by itself.
 *
 * To be called before the first request. V8 warns of flags that change while it runs: this one is a number that it looks
 * at when it compiles a module, and none has been compiled then.
 */
export function keepWebAssemblyPlain(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString('--wasm-tiering-budget=2147483647');
}

import { setFlagsFromString } from 'node:v8';

/**
 * Tunes V8 for a daemon that does a little work every few hours. It is done in code because pods set no Node
 * options and a symbolic link cannot carry them. Call it before the first request.
 */
export function preferSmall(): void {
  // Collects garbage sooner and grows the heap more slowly, which saves a tenth of the memory at rest. It costs
  // processor time, of which there is enough: it was measured with thousands of credentials.
  setFlagsFromString('--optimize-for-size');
  keepWebAssemblyPlain();
}

/**
 * Keeps V8 from optimising undici's HTTP parser, one large WebAssembly function. The V8 of Node 20 optimises it
 * after a single response, which costs a tenth of a second of processor time and 40 MB at the peak, for a few calls
 * a day. The flag raises the amount of work that makes optimising worthwhile beyond reach, so the parser runs in
 * its baseline compilation. Nothing else in this program is WebAssembly. The V8 of later Node versions waits longer
 * by itself.
 *
 * V8 warns about flags that change at run time. This one is a number that V8 reads when it compiles a module, and
 * none has been compiled at this point.
 */
function keepWebAssemblyPlain(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString('--wasm-tiering-budget=2147483647');
}

/**
 * Keeps the V8 of Node 20 from optimising undici's HTTP parser, one large WebAssembly function. It would do so
 * after a single response, which costs a tenth of a second of processor time and 40 MB at the peak, for a few calls
 * a day. The flag raises the amount of work that makes optimising worthwhile beyond reach, so the parser runs in
 * its baseline compilation. Nothing else in this program is WebAssembly. The V8 of later Node versions waits longer
 * by itself.
 *
 * It is done in code because pods set no Node options and a symbolic link cannot carry them. Call it before the first
 * request: V8 warns about flags that change at run time, but this one is a number that it reads when it compiles a
 * module, and none has been compiled at this point.
 */
export function keepWebAssemblyPlain(): void {
  if (!process.versions.v8.startsWith('11.')) return;
  process.getBuiltinModule('node:v8').setFlagsFromString('--wasm-tiering-budget=2147483647');
}

import { SECOND } from '../../core/time.ts';

/** How long (ms) after the start `node:v8` is loaded where nothing is pressing: it takes 1 to 2 ms on Node 24. */
const LATER = SECOND;

/**
 * Tunes V8 for a daemon that does a little work every few hours. It is done in code because pods set no Node
 * options and a symbolic link cannot carry them. Call it before the first request.
 */
export function preferSmall(): void {
  if (isNode20()) keepWebAssemblyPlain();
  else setTimeout(optimiseForSize, LATER).unref();
}

/**
 * Collects garbage sooner and grows the heap more slowly, which saves a twentieth of the memory at rest. It saves nothing
 * on Node 20, and there costs a sixth of the processor time of a first fetch.
 */
function optimiseForSize(): void {
  setFlag('--optimize-for-size');
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
  setFlag('--wasm-tiering-budget=2147483647');
}

function isNode20(): boolean {
  return process.versions.v8.startsWith('11.');
}

function setFlag(flag: string): void {
  process.getBuiltinModule('node:v8').setFlagsFromString(flag);
}

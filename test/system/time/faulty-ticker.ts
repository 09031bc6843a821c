import { systemClock } from '../../../src/system/time/clock.ts';
import { startTicker } from '../../../src/system/time/ticker.ts';

/** A program whose every tick is a mistake. */
startTicker('* * * * * *', systemClock, () => {
  throw new TypeError('a mistake in the tick');
});

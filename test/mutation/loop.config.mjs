import { mutating } from './shared.mjs';

/** The loop that does what core has planned. */
export default mutating('loop', ['src/loop/*.ts']);

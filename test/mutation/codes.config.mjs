import { mutating } from './shared.mjs';

/** The tables of error codes: each of them is read once, so that each mutant takes all tests there are. */
export default mutating('codes', ['src/core/errcodes/**/*.ts']);

import { mutating } from './shared.mjs';

export default mutating('core', ['src/core/**/*.ts', '!src/core/errcodes/**']);

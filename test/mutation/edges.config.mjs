import { mutating } from './shared.mjs';

export default mutating('edges', [
  'src/coordination/**/*.ts',
  'src/loop/**/*.ts',
  'src/system/atomic-write.ts',
]);

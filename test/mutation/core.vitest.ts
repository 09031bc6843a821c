import { meeting } from './meeting.ts';

export default meeting(
  ['test/core/**/*.test.ts'],
  // Its histories meet everything, and would be run for each mutant that the stories do not notice.
  ['test/core/properties.test.ts'],
);

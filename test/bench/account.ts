/** The account that the platform of the bench knows. */
export const TEST_APP = 'wx0000000000000000';
export const TEST_SECRET = '0'.repeat(32);

/** Of many. */
export const appIdOf = (index: number) => `wx${String(index).padStart(16, '0')}`;

/** The account that the platform of the bench knows. */
export const TEST_APP = 'wx0000000000000000';
export const TEST_SECRET = '0'.repeat(32);

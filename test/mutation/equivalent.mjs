/**
 * Survivors that no test can notice, since the program does the same with them: the file, the line as it stands, what
 * Stryker puts into it, and why that makes no difference. A line that changes has to be judged anew.
 *
 * @type {readonly { file: string, line: string, replacement: string, why: string }[]}
 */
export const EQUIVALENT = [];

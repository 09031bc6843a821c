/**
 * Why a text that was read as UTF-8 is none, where that can be told: editors of Windows save UTF-16, in which every
 * second byte of Latin text is 0.
 */
export function encodingProblem(text: string): string | undefined {
  const zeros = text.split('\0').length - 1;
  const hasMark = text.startsWith('\ufffd\ufffd');
  if (zeros > 0 && (hasMark || zeros * 3 > text.length)) return 'looks like UTF-16: save it as UTF-8';
  return zeros > 0 ? 'holds a NUL, the character of code 0' : undefined;
}

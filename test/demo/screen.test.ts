import { describe, expect, it } from 'vitest';
import { createScreen } from './screen.ts';

/** A terminal of so many columns. */
function terminal(columns: number) {
  const write = () => true;
  return createScreen({ isTTY: true, columns, write, hasColors: () => false });
}

describe('screen of the demo', () => {
  it('the screen leaves the last column of the terminal free', () => {
    expect(terminal(100).width).toBe(99);
  });

  it('the screen is 79 columns wide when the terminal does not know its width', () => {
    expect(terminal(0).width).toBe(79);
  });
});

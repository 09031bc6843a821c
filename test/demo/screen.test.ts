import { describe, expect, it } from 'vitest';
import { createScreen } from './screen.ts';

/** A terminal of so many columns. */
function terminal(columns: number) {
  const write = () => true;
  return createScreen({ isTTY: true, columns, write, hasColors: () => false });
}

describe("the demo's screen", () => {
  it('leaves the last column free, since some terminals wrap as soon as it is filled', () => {
    expect(terminal(100).width).toBe(99);
  });

  it('has the usual width where the terminal does not know its own', () => {
    expect(terminal(0).width).toBe(79);
  });
});

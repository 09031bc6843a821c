export interface Sample {
  /** Minutes since the beginning. */
  readonly at: number;
  readonly value: number;
}

/** The straight line that is nearest to some samples, by least squares. */
export interface Trend {
  /** By which a value grows in a minute. */
  readonly slope: number;
  /** Half of the interval that holds the true slope in 95 of 100 cases, were the rest noise. */
  readonly margin: number;
  /** On the line, at the mean of the times. */
  readonly level: number;
}

/** @throws {TypeError} for less than three samples: two have a line, and no margin */
export function trendOf(samples: readonly Sample[]): Trend {
  const count = samples.length;
  if (count < 3) throw new TypeError(`a trend of ${count} samples`);
  const at = mean(samples.map((sample) => sample.at));
  const level = mean(samples.map(({ value }) => value));
  const spread = sum(samples.map((sample) => (sample.at - at) ** 2));
  const slope = sum(samples.map((sample) => (sample.at - at) * (sample.value - level))) / spread;
  const residue = sum(samples.map((sample) => (sample.value - level - slope * (sample.at - at)) ** 2));
  const deviation = Math.sqrt(residue / (count - 2) / spread);
  return { slope, margin: quantile(count - 2) * deviation, level };
}

/** Of Student's distribution at 97.5 %, to a hundredth from five degrees of freedom on (Cornish and Fisher). */
function quantile(degrees: number): number {
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / degrees + second / degrees ** 2 + third / degrees ** 3;
}

/** The least of each stretch of time: what the garbage collector has left over says whether memory leaks. */
export function leastOfEach(stretch: number, samples: readonly Sample[]): readonly Sample[] {
  const least = new Map<number, Sample>();
  for (const sample of samples) {
    const index = Math.floor(sample.at / stretch);
    const known = least.get(index);
    if (!known || sample.value < known.value) least.set(index, sample);
  }
  return [...least.values()];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

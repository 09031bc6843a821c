import type { Reporter, TestModule } from 'vitest/node';

/** Says at the end of a run what has been skipped and why, since what brings it back is often one command. */
export function skippedReporter(): Reporter {
  return {
    onTestRunEnd: (modules) => {
      const lines = linesOf(modules.flatMap(reasonsIn));
      if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
    },
  };
}

/** What the tests of a module say that skip themselves. Those that were not asked for (`-t`) say nothing. */
function reasonsIn({ children }: TestModule): string[] {
  return [...children.allTests('skipped')].flatMap((test) => {
    const result = test.result();
    return result.state === 'skipped' && result.note ? [result.note] : [];
  });
}

/** One line for each reason, the most frequent first. */
export function linesOf(reasons: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const reason of reasons) {
    const line = reason.trim().replace(/\s+/g, ' ');
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts]
    .sort(([one, some], [other, more]) => more - some || (one < other ? -1 : 1))
    .map(([reason, count]) => `skipped: ${count} ${count === 1 ? 'test' : 'tests'}, ${reason}`);
}

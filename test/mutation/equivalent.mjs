/**
 * Survivors that no test can notice, since the program does the same with them: the file, the line as it stands, which
 * part of it becomes what, and why that makes no difference. A line that changes has to be judged anew.
 *
 * @type {readonly { file: string, line: string, from: string, to: string, why: string }[]}
 */
export const EQUIVALENT = [
  {
    file: 'src/core/state/store.ts',
    line: 'const isStale = asOf !== undefined && store.invalidatedAt >= asOf;',
    from: 'asOf !== undefined',
    to: 'true',
    why: 'nothing is as great as undefined',
  },
  {
    file: 'src/core/credential.ts',
    line: "if (typeof expiresIn !== 'number' || !Number.isFinite(expiresIn))",
    from: "typeof expiresIn !== 'number'",
    to: 'false',
    why: 'Number.isFinite says no to whatever is no number',
  },
  {
    file: 'src/core/budget.ts',
    line: 'if (one.hour === now || (time.certain && one.hour > now)) counted += one.calls;',
    from: 'one.hour > now',
    to: 'one.hour >= now',
    why: 'this hour counts anyway',
  },
  {
    file: 'src/core/budget.ts',
    line: 'return !certain && lastFetch !== undefined && at - lastFetch > DAY;',
    from: 'lastFetch !== undefined',
    to: 'true',
    why: 'a call that never was lies NaN ago, which is not more than a day',
  },
  {
    file: 'src/core/state/attempts.ts',
    line: 'return left !== undefined && left < 2 * MINUTE && left > -10 * MINUTE;',
    from: 'left !== undefined',
    to: 'true',
    why: 'undefined is less than nothing',
  },
  {
    file: 'src/core/state/index.ts',
    line: 'const targets = liveToken(state, now) ? state.targets : [];',
    from: '[]',
    to: '["Stryker was here"]',
    why: 'a text has no failure',
  },
  {
    file: 'src/system/fs/atomic-write.ts',
    line: 'if (gid !== undefined) await file.chown(process.geteuid?.() ?? -1, gid);',
    from: 'process.geteuid?.() ?? -1',
    to: 'process.geteuid?.() && -1',
    why: 'a new file belongs to the effective user, and -1 leaves it there',
  },
  {
    file: 'src/system/fs/atomic-write.ts',
    line: 'if (gid !== undefined) await file.chown(process.geteuid?.() ?? -1, gid);',
    from: 'process.geteuid?.()',
    to: 'process.geteuid()',
    why: 'every POSIX system has an effective user',
  },
];

import type { JournalEntry } from '../../src/sandbox/journal.ts';

/** A sandbox that somebody halted must not halt the demo; in ms. */
const PATIENCE = 1_000;

/** How often the token of an account was asked for, by the sandbox's journal; a sandbox that does not answer adds nothing. */
export function tokenCalls(baseUrl: string, account: string): () => Promise<number> {
  let seen = 0;
  let calls = 0;

  async function news(): Promise<readonly JournalEntry[]> {
    const signal = AbortSignal.timeout(PATIENCE);
    const response = await fetch(`${baseUrl}/sandbox/journal?since=${seen}`, { signal });
    const { entries }: { entries: JournalEntry[] } = JSON.parse(await response.text());
    return entries;
  }

  return async () => {
    const entries = await news().catch(() => []);
    calls += entries.filter(
      ({ path, appId }) => path === '/cgi-bin/stable_token' && appId === account,
    ).length;
    seen = entries.at(-1)?.seq ?? seen;
    return calls;
  };
}

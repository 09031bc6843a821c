import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { thirdParty } from './third-parties.ts';

describe('check of a third party with a ticket file', () => {
  it('a folder that is not there is a warning: no app can leave a ticket in it', async () => {
    const { run, ticket } = await thirdParty(onTestFinished);
    const there = await run(['check']);
    expect(there.stdout()).not.toContain('is not there, or no folder');
    await rm(dirname(ticket), { recursive: true });
    const { stdout, code } = await run(['check']);
    const said = stdout().replace(/\s+/g, ' ');
    expect(said).toContain(
      `WARNING ${dirname(ticket)} is not there, or no folder: nobody can leave a ticket`,
    );
    expect(code).toBe(0);
  });
});

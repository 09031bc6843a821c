import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../docs/readme.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

const text = await readFile(join(ROOT, '.github/workflows/release.yml'), 'utf8');
const workflow: { on: unknown; permissions: unknown; jobs: Readonly<Record<string, Job>> } = parse(text);
const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
const jobs = Object.entries(workflow.jobs);
const runsOf = ({ steps }: Job) => steps.flatMap(({ run }) => run ?? []).join('\n');

/** As far as it can be held without running it. */
describe('release workflow', () => {
  it('the workflow says that it has not been run, and starts for tags of versions alone', () => {
    expect(text).toMatch(/^# NOT RUN YET/);
    expect(workflow.on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+'] } });
  });

  it('every action is pinned to a commit, with the version that it is beside it', () => {
    const used = [...text.matchAll(/uses: (.+)$/gm)].map(([, action]) => action);
    expect(used.length).toBeGreaterThan(8);
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    expect(new Set(used).size).toBe(new Set(used.map((action = '') => action.split('@')[0])).size);
  });

  it('what publishes waits for the tests and for a person, and no job may more than it needs', () => {
    expect(workflow.permissions).toEqual({});
    for (const [name, job] of jobs) {
      const isPublishing = name !== 'test';
      expect([job.needs, job.environment], name).toEqual(
        isPublishing ? ['test', 'release'] : [undefined, undefined],
      );
      expect(job.permissions, name).toEqual({
        contents: 'read',
        ...(isPublishing && { 'id-token': 'write' }),
      });
    }
  });

  it('every script and file that the workflow names is there', async () => {
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script ?? '');
    expect(named).toEqual(expect.arrayContaining(['check', 'build']));
    for (const script of named) expect(scripts).toHaveProperty([script]);
    const [, predicate = ''] = /--predicate (\S+)/.exec(text) ?? [];
    // The tests have built it.
    await access(join(ROOT, predicate));
  });

  it('npm publishes with provenance, and the image is for two architectures and signed with its SBOM', () => {
    expect(runsOf(workflow.jobs['npm'] ?? { steps: [] })).toContain('npm publish --provenance');
    const image = workflow.jobs['image'] ?? { steps: [] };
    const build = image.steps.find(({ uses }) => uses?.startsWith('docker/build-push-action@'));
    expect(build?.with).toMatchObject({ platforms: 'linux/amd64,linux/arm64', push: true, sbom: true });
    expect(runsOf(image)).toMatch(/cosign sign --yes "\$IMAGE"[\s\S]*cosign attest --yes --type cyclonedx/);
  });
});

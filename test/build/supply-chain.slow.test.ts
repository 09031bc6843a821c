import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MAN_PAGE } from '../docs/man-page.ts';
import { pages, translations } from '../docs/readme.ts';
import { startProcess } from '../support/program.ts';
import { openSandbox, TEST_ACCOUNT } from '../support/sandbox.ts';

const run = promisify(execFile);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SBOM = 'wx-token-sidecar.cdx.json';
const LICENCES = 'THIRD-PARTY-LICENSES';

interface Component {
  readonly type: string;
  readonly 'bom-ref': string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly { readonly license: { readonly id: string } }[];
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  /** What lies in it and is of others. */
  readonly components?: readonly Omit<Component, 'version' | 'hashes'>[];
}

interface Sbom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly version: number;
  readonly metadata: { readonly component: Component; readonly timestamp?: string };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Lock {
  readonly packages: Readonly<Record<string, { version: string; license: string; integrity: string }>>;
}

const textOf = (path: string) => readFile(join(ROOT, path), 'utf8');
const sbom: Sbom = JSON.parse(await textOf(`dist/${SBOM}`));
const lock: Lock = JSON.parse(await textOf('package-lock.json'));

const fullName = ({ group, name }: Component) => (group ? `${group}/${name}` : name);

/** What the bundle's own source map says that it was made of: as package-lock.json calls it. */
async function bundledFolders(): Promise<string[]> {
  const { sources }: { sources: string[] } = JSON.parse(await textOf('dist/wx-token-sidecar.js.map'));
  const folders = sources.flatMap(
    (source) => /^\.\.\/(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? [],
  );
  return [...new Set(folders)].sort();
}

describe('SBOM of the bundle', () => {
  it('the SBOM names exactly the packages in the bundle, as the lock file has them', async () => {
    const folders = await bundledFolders();
    expect(folders.length).toBeGreaterThan(10);
    const expected = folders.map((folder) => ({
      name: folder.replace(/^.*node_modules\//, ''),
      version: lock.packages[folder]?.version,
      licence: lock.packages[folder]?.license,
      integrity: lock.packages[folder]?.integrity,
    }));
    const listed = sbom.components.map((component) => ({
      name: fullName(component),
      version: component.version,
      licence: component.licenses[0]?.license.id,
      integrity: component.hashes
        .map(({ content }) => `sha512-${Buffer.from(content, 'hex').toString('base64')}`)
        .join(' '),
    }));
    expect(listed).toEqual(expected);
  });

  it('the SBOM is a CycloneDX document of the program and its libraries', async () => {
    const { name, version } = JSON.parse(await textOf('package.json'));
    expect(sbom).toMatchObject({
      $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      version: 1,
      metadata: { component: { type: 'application', name, version, purl: `pkg:npm/${name}@${version}` } },
    });
    for (const component of sbom.components) {
      expect(component).toMatchObject({
        type: 'library',
        purl: `pkg:npm/${fullName(component).replace('@', '%40')}@${component.version}`,
        hashes: [{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
      });
    }
  });

  it('the SBOM links the program to every bundled package through dependencies', () => {
    const program = sbom.metadata.component['bom-ref'];
    const refs = [program, ...sbom.components.map((component) => component['bom-ref'])];
    expect(new Set(refs).size).toBe(refs.length);
    expect(sbom.dependencies.map(({ ref }) => ref)).toEqual(refs);
    const reached = new Set([program]);
    for (const ref of reached) {
      const { dependsOn = [] } = sbom.dependencies.find((entry) => entry.ref === ref) ?? {};
      for (const need of dependsOn) reached.add(need);
    }
    expect([...reached].sort()).toEqual([...refs].sort());
  });

  it('the build gives the same SBOM and bundle anywhere, dated by SOURCE_DATE_EPOCH', async () => {
    const made = async (env: Readonly<Record<string, string>>) => {
      const folder = await mkdtemp(join(tmpdir(), 'wx-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const { PATH = '' } = process.env;
      await run(process.execPath, [join(ROOT, 'build/bundle.mjs'), folder], { env: { PATH, ...env } });
      return { folder, text: await readFile(join(folder, SBOM), 'utf8') };
    };
    const { folder, text } = await made({});
    expect(text).toBe(await textOf(`dist/${SBOM}`));
    expect(await readFile(join(folder, 'wx-token-sidecar.js'), 'utf8')).toBe(
      await textOf('dist/wx-token-sidecar.js'),
    );
    const { metadata }: Sbom = JSON.parse((await made({ SOURCE_DATE_EPOCH: '86400' })).text);
    expect(metadata.timestamp).toBe('1970-01-02T00:00:00.000Z');
  });
});

describe('licences of the bundle', () => {
  it('the licence file holds the full licence of every bundled package', async () => {
    const licences = await textOf(`dist/${LICENCES}`);
    const headings = [...licences.matchAll(/^== (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(
      sbom.components.flatMap((component) => {
        const whole = `${fullName(component)} ${component.version}`;
        const parts = component.components ?? [];
        return [
          `${whole} (${component.licenses[0]?.license.id})`,
          ...parts.map(({ name, licenses }) => `${name} in ${whole} (${licenses[0]?.license.id})`),
        ];
      }),
    );
    for (const folder of await bundledFolders()) {
      const files = (await readdir(join(ROOT, folder))).filter((file) => /^licen[cs]e/i.test(file));
      expect(files, folder).not.toEqual([]);
      for (const file of files) {
        const text = (await textOf(join(folder, file))).replaceAll('\r\n', '\n').trim();
        expect(text.length, folder).toBeGreaterThan(400);
        expect(licences).toContain(text);
      }
    }
  });
});

describe('third-party code inside bundled packages', () => {
  it('the SBOM names llhttp inside undici with its licence', async () => {
    const undici = sbom.components.find(({ name }) => name === 'undici');
    expect(undici?.components).toEqual([
      {
        type: 'library',
        'bom-ref': `${undici?.purl}#llhttp`,
        name: 'llhttp',
        licenses: [{ license: { id: 'MIT' } }],
        purl: 'pkg:github/nodejs/llhttp',
      },
    ]);
    const licences = await textOf(`dist/${LICENCES}`);
    const [, text = ''] = licences.split(`== llhttp in undici ${undici?.version} (MIT)\n\n`);
    expect(text).toMatch(
      /^This software is licensed under the MIT License\.\n\nCopyright Fedor Indutny, 2018\.\n/,
    );
    expect(await textOf('dist/wx-token-sidecar.js')).toContain('undici/lib/llhttp/');
  });

  it('the only WebAssembly in the bundle is llhttp of undici', async () => {
    const { sources, sourcesContent }: { sources: string[]; sourcesContent: string[] } = JSON.parse(
      await textOf('dist/wx-token-sidecar.js.map'),
    );
    // In base64 it begins so.
    const holders = sources.filter((_, at) => sourcesContent[at]?.includes('AGFzbQ'));
    expect(holders.length).toBeGreaterThan(0);
    for (const source of holders) expect(source).toContain('node_modules/undici/lib/llhttp/');
  });
});

describe('npm package', () => {
  it('the npm package holds the bundle, SBOM, licences, man page and documentation and no other code', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT });
    const [{ files }]: [{ files: { path: string }[] }] = JSON.parse(stdout);
    expect(files.map(({ path }) => path).sort()).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        ...(await pages()),
        ...(await translations()).map(({ chinese }) => chinese),
        'config.schema.json',
        MAN_PAGE,
        `dist/${LICENCES}`,
        `dist/${SBOM}`,
        'dist/wx-token-sidecar.js',
        'dist/wx-token-sidecar.js.map',
        'package.json',
      ].sort(),
    );
  });

  it('the npm package installs without dependencies and fetches a token', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wx-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', pack, { cwd: ROOT });
    await writeFile(join(folder, 'package.json'), '{}');
    const install = ['install', '--offline', '--no-audit', '--no-fund', join(folder, stdout.trim())];
    await run('npm', install, { cwd: folder });
    const installed: Lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
    expect(Object.keys(installed.packages)).toEqual(['', 'node_modules/wx-token-sidecar']);

    const program = join(folder, 'node_modules/.bin/wx-token-sidecar');
    const { version } = JSON.parse(await textOf('package.json'));
    expect((await run(program, ['--version'])).stdout).toBe(`wx-token-sidecar ${version}\n`);
    const sandbox = await openSandbox();
    onTestFinished(sandbox.close);
    const env = {
      WXTOKEN_APPID: TEST_ACCOUNT.appId,
      WXTOKEN_SECRET: TEST_ACCOUNT.secret,
      WXTOKEN_FILE: join(folder, 'token'),
      WXTOKEN_API_BASE_URL: sandbox.url,
    };
    const once = startProcess(program, ['once'], { env }, onTestFinished);
    expect(await once.exited, once.stderr()).toEqual({ code: 0, signal: null });
    expect(await readFile(env.WXTOKEN_FILE, 'utf8')).toMatch(/^.{16,}$/);
  });
});

describe('checks of the build', () => {
  type PackagesOf = (
    metafile: object,
    from: { root: string; lock: object },
  ) => Promise<readonly { path: string; name?: string; version?: string; needs: readonly string[] }[]>;

  /** Packages that are installed, and a bundle of theirs. */
  async function packages(installed: Readonly<Record<string, Readonly<Record<string, string>>>>) {
    const { packagesOf }: { packagesOf: PackagesOf } = await import(`${ROOT}build/packages.mjs`);
    const root = await mkdtemp(join(tmpdir(), 'wx-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    for (const [folder, files] of Object.entries(installed)) {
      await mkdir(join(root, folder), { recursive: true });
      for (const [file, text] of Object.entries(files)) await writeFile(join(root, folder, file), text);
    }
    const inputs = {
      'src/main.ts': { imports: [{ path: 'node_modules/a/main.js' }, { path: 'node:fs' }] },
      'node_modules/a/main.js': { imports: [{ path: 'node_modules/a/node_modules/@b/c/lib/main.js' }] },
      'node_modules/a/node_modules/@b/c/lib/main.js': { imports: [{ path: 'node_modules/unused/main.js' }] },
      'node_modules/unused/main.js': { imports: [] },
    };
    const metafile = {
      inputs,
      outputs: {
        'dist/main.js': {
          inputs: Object.fromEntries(
            Object.keys(inputs).map((file) => [file, { bytesInOutput: file.includes('unused') ? 0 : 1 }]),
          ),
        },
      },
    };
    const lock = {
      packages: {
        'node_modules/a': { version: '1.0.0', license: 'MIT' },
        'node_modules/a/node_modules/@b/c': { version: '2.0.0', license: 'ISC' },
      },
    };
    return packagesOf(metafile, { root, lock });
  }

  const A = { 'package.json': '{"name":"a","version":"1.0.0"}', 'LICENSE.md': 'as it is' };
  const C = { 'package.json': '{"name":"@b/c","version":"2.0.0"}', licence: 'as it is', NOTICE: 'of others' };
  const INNER = 'node_modules/a/node_modules/@b/c';

  it('the build tells nested packages apart and leaves out unused ones', async () => {
    expect(await packages({ 'node_modules/a': A, [INNER]: C })).toMatchObject([
      { path: '', needs: ['node_modules/a'] },
      { path: 'node_modules/a', name: 'a', version: '1.0.0', needs: [INNER] },
      { path: INNER, name: '@b/c', version: '2.0.0', texts: ['of others', 'as it is'], needs: [] },
    ]);
  });

  it('the build refuses a package without licence or out of step with the lock file', async () => {
    const { 'package.json': bare } = C;
    await expect(packages({ 'node_modules/a': A, [INNER]: { 'package.json': bare } })).rejects.toThrow(
      '@b/c 2.0.0 is to be bundled, but comes without its licence',
    );
    const newer = { ...C, 'package.json': bare.replace('2.0.0', '2.0.1') };
    await expect(packages({ 'node_modules/a': A, [INNER]: newer })).rejects.toThrow('run npm ci');
  });
});

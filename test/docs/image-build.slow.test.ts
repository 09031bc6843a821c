import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { type Certificates, makeCertificates } from '../providers/certificates.ts';
import { listen } from '../providers/servers.ts';
import { textOf } from './readme.ts';

const execute = promisify(execFile);

async function newFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('the build of the image', () => {
  it('npm takes packages from the registry of NPM_REGISTRY, trusted by CA_CERTIFICATES', async (context) => {
    const certificates = await certificatesFor(context);
    const { url, asked } = await registry(context, certificates);
    const folder = await projectWith(context);
    const build = { NPM_REGISTRY: url, CA_CERTIFICATES: certificates.authority };

    await expect(install(folder, { NPM_REGISTRY: url })).rejects.toThrow(/certificate/);
    expect(asked).toEqual([]);
    await install(folder, build);
    expect(asked).toContain('/dependency');
    expect(await textIn(folder, 'node_modules/dependency/index.js')).toBe('module.exports = 1;\n');
  });

  it('npm is told of no registry and no certificate without arguments of the build', async (context) => {
    const folder = await newFolder(context);
    const npm = '#!/bin/sh\necho "$@" "$NODE_EXTRA_CA_CERTS" >told\n';
    await writeFile(join(folder, 'npm'), npm, { mode: 0o755 });
    await install(folder, { PATH: `${folder}:${process.env['PATH']}` });
    expect(await textIn(folder, 'told')).toBe('ci --ignore-scripts \n');
  });
});

const textIn = (folder: string, name: string) => readFile(join(folder, name), 'utf8');

/** Runs the step of the Dockerfile that installs packages. */
async function install(folder: string, build: Readonly<Record<string, string>>): Promise<void> {
  const dockerfile = (await textOf('Dockerfile')).replaceAll('\\\n', '');
  const command = /^RUN (.*npm ci.*)$/m.exec(dockerfile)?.[1];
  if (command === undefined) throw new Error('the Dockerfile installs nothing');
  for (const name of Object.keys(build)) {
    if (name !== 'PATH') expect(dockerfile).toMatch(new RegExp(`^ARG ${name}$`, 'm'));
  }
  const env = {
    PATH: process.env['PATH'],
    // Nothing of this machine's npm.
    HOME: folder,
    npm_config_globalconfig: join(folder, 'none'),
    npm_config_fetch_retries: '0',
    npm_config_audit: 'false',
    ...build,
  };
  await execute('sh', ['-c', command], { cwd: folder, env });
}

async function certificatesFor({ skip }: TestContext): Promise<Certificates> {
  const made = await makeCertificates();
  return typeof made === 'string' ? skip(made) : made;
}

const PACKAGE = { name: 'dependency', version: '1.0.0' };

/** A project with one dependency, and a lock that names no registry, as ours does. */
async function projectWith(context: TestContext): Promise<string> {
  const folder = await newFolder(context);
  const root = { name: 'project', version: '1.0.0', dependencies: { dependency: '1.0.0' } };
  const lock = {
    ...{ name: 'project', version: '1.0.0', lockfileVersion: 3, requires: true },
    packages: { '': root, 'node_modules/dependency': { version: '1.0.0' } },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(root));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock));
  return folder;
}

/** A registry over TLS that has this one package. */
async function registry(context: TestContext, { server }: Certificates) {
  const folder = await newFolder(context);
  await mkdir(join(folder, 'package'));
  await writeFile(join(folder, 'package', 'package.json'), JSON.stringify(PACKAGE));
  await writeFile(join(folder, 'package', 'index.js'), 'module.exports = 1;\n');
  await execute('tar', ['-czf', 'package.tgz', 'package'], { cwd: folder });
  const archive = await readFile(join(folder, 'package.tgz'));
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  const asked: string[] = [];
  const port = await listen(
    createServer(server, (request, response) => {
      asked.push(request.url ?? '');
      if (request.url?.endsWith('.tgz')) return response.end(archive);
      const dist = { tarball: `https://localhost:${port}/package.tgz`, integrity };
      return response.setHeader('content-type', 'application/json').end(
        JSON.stringify({
          name: PACKAGE.name,
          'dist-tags': { latest: PACKAGE.version },
          versions: { [PACKAGE.version]: { ...PACKAGE, dist } },
        }),
      );
    }),
  );
  return { url: `https://localhost:${port}/`, asked };
}

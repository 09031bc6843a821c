import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';

const execute = promisify(execFile);

const debian = (name: string) => `apt-get install ${name}`;

/**
 * What tests use where the machine has it, and how it gets there.
 * `.ci/install-tools` installs what Debian brings, but for podman, whose tests are a suite of their own; and helm and kubectl.
 */
export const TOOLS = {
  bash: debian('bash'),
  bindfs: debian('bindfs'),
  'cgi-fcgi': debian('libfcgi-bin'),
  chromium: debian('chromium'),
  curl: debian('curl'),
  dash: debian('dash'),
  docker: 'docs.docker.com/engine/install says how to install it',
  'docker-compose': debian('docker-compose'),
  fish: debian('fish'),
  // Debian's takes half a gigabyte, for one recipe.
  go: 'go.dev/doc/install says how to install it',
  // No package of Debian's; `.ci/install-tools` takes it out of one of npm's.
  helm: 'helm.sh/docs/intro/install says how to install it',
  inotifywait: debian('inotify-tools'),
  ip: debian('iproute2'),
  'java with a compiler': debian('default-jdk-headless'),
  jq: debian('jq'),
  kubectl: "kubernetes.io/docs/tasks/tools says how to install it (Debian 12's is too old)",
  'libfaketimeMT.so.1': debian('faketime'),
  make: debian('make'),
  mandoc: debian('mandoc'),
  mount: debian('mount'),
  openssl: debian('openssl'),
  php: debian('php-cli'),
  'php with APCu': debian('php-apcu'),
  'php with Illuminate/Cache': debian('php-illuminate-cache'),
  'php with Illuminate/Redis': debian('php-illuminate-redis'),
  'php with Psr/SimpleCache': debian('php-psr-simple-cache'),
  'php with Symfony/Component/Cache': debian('php-symfony-cache'),
  'php with redis': debian('php-redis'),
  'php-fpm': debian('php-fpm'),
  podman: debian('podman'),
  'podman-compose': debian('podman-compose'),
  promtool: debian('prometheus'),
  python3: debian('python3'),
  'python3 with dotenv': debian('python3-dotenv'),
  'redis-server': debian('redis-server'),
  ruby: debian('ruby'),
  'ruby with dotenv': debian('ruby-dotenv'),
  setpriv: debian('util-linux'),
  sh: debian('dash'),
  strace: debian('strace'),
  supervisord: debian('supervisor'),
  'systemd-analyze': debian('systemd'),
  unshare: debian('util-linux'),
  zsh: debian('zsh'),
} as const;

export type Tool = keyof typeof TOOLS;

/** Why something cannot be tested where that is missing: a line that says how to install it. */
export function missing(tool: Tool): string {
  return `${tool} is missing: ${TOOLS[tool]}`;
}

/** Whether a program could not be started because it is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Skips the test where the program is missing. */
export async function needsTool(skip: TestContext['skip'], tool: Tool): Promise<void> {
  await execute(tool, ['--version']).catch((error) => {
    if (isMissing(error)) skip(missing(tool));
  });
}

/** The libraries of PHP that {@link needsPhpWith} knows. */
type PhpLibrary = (keyof typeof TOOLS & `php with ${string}/${string}`) | 'php with redis';

/** Skips the test where PHP is missing, or one of these libraries. */
export async function needsPhpWith(
  skip: TestContext['skip'],
  libraries: readonly PhpLibrary[],
): Promise<void> {
  await needsTool(skip, 'php');
  for (const library of libraries) {
    const name = library.slice('php with '.length);
    const isThere = name.includes('/')
      ? `(bool) @include "${name}/autoload.php"`
      : `extension_loaded("${name}")`;
    await execute('php', ['-r', `exit(${isThere} ? 0 : 1);`]).catch(() => skip(missing(library)));
  }
}

/** Skips the test where no Java is there that runs a source file; a mere runtime does not. */
export async function needsJava(skip: TestContext['skip']): Promise<void> {
  const modules = await execute('java', ['--list-modules']).catch(() => undefined);
  if (!modules?.stdout.includes('jdk.compiler@')) skip(missing('java with a compiler'));
}

/**
 * Runs a tool of this machine with that standard input.
 * The test ends here, saying why, where the tool is missing.
 */
export async function runTool(
  ctx: TestContext,
  tool: Tool,
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(tool, args, { stdio: 'pipe' });
  const parts: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part));
  // It need not read it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    const [code] = await once(child, 'close');
    return { code, output: Buffer.concat(parts).toString() };
  } catch (error) {
    if (!isMissing(error)) throw error;
    return ctx.skip(missing(tool));
  }
}

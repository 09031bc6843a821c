import { execFileSync } from 'node:child_process';

/** Builds the program the end-to-end tests spawn: the same command, the same bundle as a release. */
export function setup(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}

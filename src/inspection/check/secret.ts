import type { SecretSource } from '../../config/config.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import { stat } from '../../system/fs/files.ts';
import { mountOf } from '../../system/fs/mounts.ts';
import { realPath } from '../../system/fs/path-problem.ts';
import { accessInWords, type HostContext } from '../../system/process/host-context.ts';

/** Describes where the AppSecret is and who else can read it, without revealing it. */
export async function inspectSecret(source: SecretSource, host: HostContext): Promise<Findings> {
  if ('none' in source) return { facts: [], warnings: [] };
  if (!('file' in source)) {
    const text = 'in a variable of the environment, where it cannot be replaced without a restart';
    return { facts: [['secret', text]], warnings: [] };
  }
  const { file } = source;
  const [found, real] = await Promise.all([stat(file).catch(() => undefined), realPath(file)]);
  // The configuration was valid a moment ago, so the file existed then.
  if (!found) return { facts: [['secret', `${file}: gone`]], warnings: [`${file} has just been removed`] };
  const link = real === file ? '' : `leads to ${real}, `;
  const facts: Fact[] = [['secret', `${file}: ${link}readable, ${accessInWords(found, host.names)}`]];
  if (mountOf(host.mounts, real)?.point === real) {
    facts.push([
      '',
      'mounted as a single file: another AppSecret may arrive only with a restart, in a folder it arrives live',
    ]);
  }
  const exposed =
    `everyone who gets at the secret file ${file} may read it: chmod o= and a group of the daemon's own; ` +
    'in Kubernetes defaultMode: 0440 of the volume, with securityContext.fsGroup';
  return { facts, warnings: (found.mode & 0o004) === 0 ? [] : [exposed] };
}

import type { SecretSource } from '../../config/config.ts';
import { type Fact, type Findings, MORE } from '../../core/findings.ts';
import { en, type Text, verbatim, zh } from '../../core/text.ts';
import { stat } from '../../system/fs/files.ts';
import { mountOf } from '../../system/fs/mounts.ts';
import { realPath } from '../../system/fs/path-problem.ts';
import { accessInWords, type HostContext } from '../../system/process/host-context.ts';

const SECRET: Text = { en: 'secret', zh: 'AppSecret' };

/** Describes where the AppSecret is and who else can read it, without revealing it. */
export async function inspectSecret(source: SecretSource, host: HostContext): Promise<Findings> {
  if ('none' in source) return { facts: [], warnings: [] };
  if (!('file' in source)) {
    const text: Text = {
      en: 'in a variable of the environment, where it cannot be replaced without a restart',
      zh: '在环境变量里，不重启就无法更换',
    };
    return { facts: [[SECRET, text]], warnings: [] };
  }
  const { file, awaited } = source;
  const isThere = !awaited || (await stat(file).catch(() => undefined)) !== undefined;
  if (isThere) return inspectSecretFile(file, host, SECRET, verbatim('AppSecret'));
  const text: Text = {
    en: `${file}: not there yet; the daemon writes it when the corp authorises the suite`,
    zh: `${file}：还没有；企业授权该应用后由守护进程写入`,
  };
  return { facts: [[SECRET, text]], warnings: [] };
}

/**
 * Describes where a secret is kept and who else can read it, without revealing it.
 * @param label of the line
 * @param what it holds
 */
export async function inspectSecretFile(
  file: string,
  host: HostContext,
  label: Text,
  what: Text,
): Promise<Findings> {
  const [found, real] = await Promise.all([stat(file).catch(() => undefined), realPath(file)]);
  // The configuration was valid a moment ago, so the file existed then.
  if (!found) {
    return {
      facts: [[label, { en: `${file}: gone`, zh: `${file}：不见了` }]],
      warnings: [{ en: `${file} has just been removed`, zh: `${file} 刚刚被移除` }],
    };
  }
  const link: Text = real === file ? verbatim('') : { en: `leads to ${real}, `, zh: `指向 ${real}，` };
  const access = accessInWords(found, host.names);
  const facts: Fact[] = [
    [label, { en: en`${file}: ${link}readable, ${access}`, zh: zh`${file}：${link}可读，${access}` }],
  ];
  if (mountOf(host.mounts, real)?.point === real) {
    facts.push([
      MORE,
      {
        en: en`mounted as a single file: another ${what} may arrive only with a restart, in a folder it arrives live`,
        zh: zh`以单个文件挂载：新的 ${what} 可能要重启才能看到，挂载目录则立即看到`,
      },
    ]);
  }
  const exposed: Text = {
    en:
      `everyone who gets at the secret file ${file} may read it: chmod o= and a group of the daemon's own; ` +
      'in Kubernetes defaultMode: 0440 of the volume, with securityContext.fsGroup',
    zh:
      zh`能访问 ${what} 文件 ${file} 的所有人都能读它：chmod o=，并设为守护进程自己的组；` +
      'Kubernetes 里用卷的 defaultMode: 0440 和 securityContext.fsGroup',
  };
  return { facts, warnings: (found.mode & 0o004) === 0 ? [] : [exposed] };
}

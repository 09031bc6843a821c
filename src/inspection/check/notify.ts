import type { NotifierConfig } from '../../config/config.ts';
import { failureOf } from '../../core/failure.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import { programOf, reachOf, readPidFile } from '../../notifiers/index.ts';
import { inWords } from '../../observability/log/duration.ts';
import { mergeFindings } from './findings.ts';

/**
 * Describes the notifiers of a credential without running them. The query of a URL and the arguments of a program are
 * not shown.
 */
export async function inspectNotify(notify: readonly NotifierConfig[]): Promise<Findings> {
  const found = await Promise.all(notify.map(inspectNotifier));
  return mergeFindings(...found.map((one, index) => numbered(one, index)));
}

/** Numbers the notifiers as the log does. */
function numbered({ facts, warnings }: Findings, index: number): Findings {
  return { facts: facts.map(([label, words]) => [`${label}[${index}]`, words]), warnings };
}

async function inspectNotifier(config: NotifierConfig): Promise<Findings> {
  switch (config.type) {
    case 'exec':
      return finding(`runs ${programOf(config.command)}, for ${inWords(config.timeout)} at most`);
    case 'webhook': {
      const { origin, pathname } = new URL(config.url);
      return finding(`POSTs to ${origin}${pathname}, which has ${inWords(config.timeout)} to answer`);
    }
    case 'signal':
      return await inspectSignal(config);
  }
}

async function inspectSignal({ pidFile, signal }: NotifierConfig & { type: 'signal' }): Promise<Findings> {
  const sent = `sends ${signal} to the process that ${pidFile} names`;
  try {
    const pid = await readPidFile(pidFile);
    const reach = reachOf(pid);
    if (reach === 'there') return finding(`${sent}: ${pid}`);
    // Apps come and go, so this is no warning.
    if (reach === 'gone') return finding(`${sent}: ${pid}, no such process now`);
    return finding(
      `${sent}: ${pid}`,
      `whoever looks may not signal ${pid}, which ${pidFile} names (EPERM), nor may the daemon as the same user: ` +
        'run it as the user of the app, or use a webhook',
    );
  } catch (error) {
    const { code, message, advice } = failureOf(error, 'none');
    if (code === 'no-pid-file' || code === 'empty-pid-file') return finding(`${sent}: it names none yet`);
    return finding(`${sent}: it is refused`, `${message}, so nobody is told; ${advice}`);
  }
}

function finding(words: string, ...warnings: string[]): Findings {
  const facts: Fact[] = [['notify', words]];
  return { facts, warnings };
}

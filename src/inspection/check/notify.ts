import type { NotifierConfig } from '../../config/config.ts';
import { failureOf } from '../../core/failure.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import { programOf, reachOf, readPidFile } from '../../notifiers/index.ts';
import { inWords } from '../../observability/log/duration.ts';
import { gather } from './findings.ts';

/** Who is told of a change. Nobody is; what a URL's query and a program's arguments hold is not shown. */
export async function inspectNotify(notify: readonly NotifierConfig[]): Promise<Findings> {
  const found = await Promise.all(notify.map(inspectNotifier));
  return gather(...found.map((one, index) => numbered(one, index)));
}

/** As the log calls it, too. */
function numbered({ facts, warnings }: Findings, index: number): Findings {
  return { facts: facts.map(([label, words]) => [`${label}[${index}]`, words]), warnings };
}

async function inspectNotifier(config: NotifierConfig): Promise<Findings> {
  switch (config.type) {
    case 'exec':
      return told(`runs ${programOf(config.command)}, for ${inWords(config.timeout)} at most`);
    case 'webhook': {
      const { origin, pathname } = new URL(config.url);
      return told(`POSTs to ${origin}${pathname}, which has ${inWords(config.timeout)} to answer`);
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
    if (reach === 'there') return told(`${sent}: ${pid}`);
    // Apps come and go.
    if (reach === 'gone') return told(`${sent}: ${pid}, no such process now`);
    return told(
      `${sent}: ${pid}`,
      `whoever looks may not signal ${pid}, which ${pidFile} names (EPERM), nor may the daemon as the same user: ` +
        'run it as the user of the app, or use a webhook',
    );
  } catch (error) {
    const { code, message, advice } = failureOf(error, 'none');
    if (code === 'no-pid-file' || code === 'empty-pid-file') return told(`${sent}: it names none yet`);
    return told(`${sent}: it is refused`, `${message}, so nobody is told; ${advice}`);
  }
}

function told(words: string, ...warnings: string[]): Findings {
  const facts: Fact[] = [['notify', words]];
  return { facts, warnings };
}

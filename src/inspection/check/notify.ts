import type { NotifierConfig } from '../../config/config.ts';
import { failureOf, textsOf } from '../../core/failure.ts';
import type { Fact, Findings } from '../../core/findings.ts';
import { en, joined, type Text, verbatim, zh } from '../../core/text.ts';
import { programOf, reachOf, readPidFile } from '../../notifiers/index.ts';
import { durationText } from '../../observability/log/duration.ts';
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
  return { facts: facts.map(([label, words]) => [verbatim(`${label.en}[${index}]`), words]), warnings };
}

async function inspectNotifier(config: NotifierConfig): Promise<Findings> {
  switch (config.type) {
    case 'exec':
      return finding({
        en: en`runs ${programOf(config.command)}, for ${durationText(config.timeout)} at most`,
        zh: zh`运行 ${programOf(config.command)}，至多 ${durationText(config.timeout)}`,
      });
    case 'webhook': {
      const { origin, pathname } = new URL(config.url);
      return finding({
        en: en`POSTs to ${origin}${pathname}, which has ${durationText(config.timeout)} to answer`,
        zh: zh`向 ${origin}${pathname} 发送 POST，对方有 ${durationText(config.timeout)}应答`,
      });
    }
    case 'signal':
      return await inspectSignal(config);
  }
}

async function inspectSignal({ pidFile, signal }: NotifierConfig & { type: 'signal' }): Promise<Findings> {
  const sent: Text = {
    en: `sends ${signal} to the process that ${pidFile} names`,
    zh: `向 ${pidFile} 里的进程发送 ${signal}`,
  };
  const withPid = (pid: number): Text => ({ en: en`${sent}: ${pid}`, zh: zh`${sent}：${pid}` });
  try {
    const pid = await readPidFile(pidFile);
    const reach = reachOf(pid);
    if (reach === 'there') return finding(withPid(pid));
    // Apps come and go, so this is no warning.
    if (reach === 'gone') {
      const gone: Text = { en: 'no such process now', zh: '现在没有这个进程' };
      return finding(joined([withPid(pid), gone], { en: ', ', zh: '，' }));
    }
    return finding(withPid(pid), {
      en:
        `whoever looks may not signal ${pid}, which ${pidFile} names (EPERM), nor may the daemon as the same user: ` +
        'run it as the user of the app, or use a webhook',
      zh:
        `查看的用户无权向 ${pidFile} 里的 ${pid} 发信号（EPERM），以同一用户运行的守护进程也一样：` +
        '让它以应用的用户运行，或改用 webhook',
    });
  } catch (error) {
    const failure = failureOf(error, 'none');
    const { code } = failure;
    if (code === 'no-pid-file' || code === 'empty-pid-file') {
      return finding({ en: en`${sent}: it names none yet`, zh: zh`${sent}：里面还没有` });
    }
    const { message, advice } = textsOf(failure);
    return finding(
      { en: en`${sent}: it is refused`, zh: zh`${sent}：被拒绝` },
      {
        en: en`${message}, so nobody is told; ${advice ?? ''}`,
        zh: zh`${message}，所以没有人会得到通知；${advice ?? ''}`,
      },
    );
  }
}

function finding(words: Text, ...warnings: Text[]): Findings {
  const facts: Fact[] = [[verbatim('notify'), words]];
  return { facts, warnings };
}

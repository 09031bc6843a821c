import { hostname } from 'node:os';
import { en, joined, SEMICOLON, type Text, zh } from '../../core/text.ts';
import { durationText } from '../../observability/log/duration.ts';
import type { DaemonStatus } from './index.ts';

/**
 * Says where the content of the table comes from, and how old it is.
 * @param at the current time, epoch seconds
 * @param folder the folder into which daemons write their snapshots
 */
export function daemonLine(daemon: DaemonStatus, folder: string, at: number): Text {
  const hung = daemon.state === 'unknown' ? [] : (daemon.hung_volumes ?? []);
  const told = hung.map(({ volume, path, seconds }): Text => {
    const ago = durationText(seconds * 1000);
    return {
      en: en`the volume ${volume} did not answer: asked for ${path} ${ago} before`,
      zh: zh`卷 ${volume} 没有应答：${ago}之前访问过 ${path}`,
    };
  });
  return joined([fate(daemon, folder, at), ...told], SEMICOLON);
}

function fate(daemon: DaemonStatus, folder: string, at: number): Text {
  if (daemon.state === 'unknown') return unknown(daemon, folder);
  const { pid, host } = daemon;
  const age = durationText((at - daemon.at) * 1000);
  const who: Text =
    host === hostname()
      ? { en: `pid ${pid}`, zh: `pid ${pid}` }
      : { en: `pid ${pid} on ${host}`, zh: `${host} 上的 pid ${pid}` };
  switch (daemon.state) {
    case 'running':
      return { en: en`as of ${age} ago, ${who}`, zh: zh`${age}前的状态，${who}` };
    case 'stopped':
      return {
        en: en`no daemon runs: as of ${age} ago, when ${who} stopped`,
        zh: zh`没有守护进程在运行：${age}前的状态，当时 ${who} 停止`,
      };
    case 'ended':
      return {
        en: en`no daemon runs: as of ${age} ago; ${who} has ended since and could not say so`,
        zh: zh`没有守护进程在运行：${age}前的状态；此后 ${who} 已经结束，没来得及写下`,
      };
    case 'suspended':
      return {
        en: en`the daemon, ${who}, is suspended (SIGSTOP, or a debugger) and does nothing: as of ${age} ago; kill -CONT ${pid} lets it go on`,
        zh: zh`守护进程（${who}）被暂停（SIGSTOP 或调试器），什么也不做：${age}前的状态；kill -CONT ${pid} 让它继续`,
      };
    case 'silent':
      return {
        en: en`the daemon, ${who}, has been silent for ${age}: it stands still or has ended, or cannot write into ${folder}`,
        zh: zh`守护进程（${who}）已经 ${age}没有动静：它停滞或已经结束，或者无法写入 ${folder}`,
      };
  }
}

function unknown(
  { problem, zh: translated }: DaemonStatus & { readonly state: 'unknown' },
  folder: string,
): Text {
  const why: Text =
    problem === undefined
      ? {
          en: `no daemon with these accounts and targets has written its status into ${folder}; if one runs, its log says why`,
          zh: `还没有守护进程（账号和目标与此相同）把状态写进 ${folder}；如果有一个在运行，它的日志会说明原因`,
        }
      : { en: problem, zh: translated?.problem ?? problem };
  return {
    en: en`${why}: this is what the published files tell`,
    zh: zh`${why}：以下是已发布的文件所说的内容`,
  };
}

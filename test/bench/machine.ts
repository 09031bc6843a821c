import { arch, cpus, release, totalmem } from 'node:os';

/** What a reader has to know of the machine to judge the figures. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() || 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} cores (${model}), ${memory} GB, ${process.platform} ${release().split('-')[0]} ${arch()}, Node ${process.version}`;
}

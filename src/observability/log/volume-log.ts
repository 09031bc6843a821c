import type { Text } from '../../core/text.ts';
import type { VolumeEvent } from '../../system/fs/turns.ts';
import { inWords } from './duration.ts';
import type { Logger } from './logger.ts';

const ADVICE: Text = {
  en:
    'look at its server, or at the FUSE process, and at the network in between; until it answers, what lies on it is ' +
    'neither read nor written, and everything else goes on',
  zh: '检查它的服务器或 FUSE 进程，以及中间的网络；在它恢复应答之前，它上面的内容既不读也不写，其余一切照常进行',
};

/** Says what happened to a volume, for people. */
export function volumeMessage({ type, volume, path, ms }: VolumeEvent): string {
  return type === 'hangs'
    ? `the volume ${volume} does not answer: asked for ${path} ${inWords(ms)} ago`
    : `the volume ${volume} answers again, after ${inWords(ms)}`;
}

/** Returns a listener that logs when a volume stops to answer, and when it answers again. */
export function tellOfVolumes(logger: Pick<Logger, 'error' | 'info'>): (event: VolumeEvent) => void {
  return (event) => {
    const fields = { volume: event.volume, path: event.path };
    if (event.type === 'hangs') {
      logger.error(volumeMessage(event), { ...fields, code: 'volume-hangs', advice: ADVICE });
    } else logger.info(volumeMessage(event), fields);
  };
}

import { readFileSync } from 'node:fs';

/** Names this start of the machine, the same in all its containers; undefined where the system does not tell. */
export function bootId(): string | undefined {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

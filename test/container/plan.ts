import { type Part, partOf } from '../k8s/manifests.ts';

/** What podman is told of a container, the same whether a pod or a compose file asks for it. */
export interface ContainerPlan {
  readonly name: string;
  /** Options of `podman run`, but for name and network. */
  readonly options: readonly string[];
  readonly image: string;
  /** Instead of the image's entrypoint. */
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  /** MB of 2^20 bytes. */
  readonly memoryLimit: number;
  /** As the manifest has them, by what it calls them. */
  readonly probes: Readonly<Record<string, Part>>;
  /** The ports of the container by their names. */
  readonly ports: Readonly<Record<string, number>>;
}

export interface VolumePlan {
  readonly name: string;
  /** Of the tmpfs that it is. */
  readonly options: readonly string[];
  /** What lies in it before the first container, by name; with that mode, and that group where one is given. */
  readonly files?: Readonly<Record<string, string>>;
  readonly mode?: number;
  readonly group?: number;
}

export interface Plan {
  readonly volumes: readonly VolumePlan[];
  readonly containers: readonly ContainerPlan[];
}

export const MB = 2 ** 20;

const UNITS: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  k: 2 ** 10,
  Mi: MB,
  m: MB,
  Gi: 2 ** 30,
  g: 2 ** 30,
};

/** Of a quantity as Kubernetes and compose write it. */
export function bytesOf(quantity: unknown): number {
  const [, digits, unit = ''] = /^(\d+)(\w*)$/.exec(String(quantity)) ?? [];
  const factor = unit === '' ? 1 : UNITS[unit];
  if (digits === undefined || factor === undefined)
    throw new Error(`${quantity} is no size that is known here`);
  return Number(digits) * factor;
}

/** As an option of tmpfs. Not `size`, which podman 4 takes for a quota of the disk. */
export function roomFor(bytes: number): string {
  return `nr_blocks=${Math.ceil(bytes / 4096)}`;
}

/**
 * A part of a manifest all of whose keys are known here, so that none is passed over in silence.
 * @throws {Error} for the others
 */
export function fully(part: unknown, keys: readonly string[]): Part {
  const strange = Object.keys(partOf(part)).filter((key) => !keys.includes(key));
  if (strange.length > 0) throw new Error(`not translated for podman: ${strange.join(', ')}`);
  return partOf(part);
}

export function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

/** The one of that name. */
export function containerOf({ containers }: Plan, name: string): ContainerPlan {
  const found = containers.find((container) => container.name === name);
  if (!found) throw new Error(`there is no container ${name}`);
  return found;
}

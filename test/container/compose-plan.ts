import { parse } from 'yaml';
import { type Part, partOf } from '../k8s/manifests.ts';
import { bytesOf, type ContainerPlan, fully, MB, type Plan, textsOf, type VolumePlan } from './plan.ts';

const SERVICE = [
  'image',
  'restart',
  'user',
  'read_only',
  'cap_drop',
  'security_opt',
  'mem_limit',
  'environment',
  'volumes',
  'depends_on',
  'command',
];

/** What the documentation has of compose. */
export interface ComposeFiles {
  readonly compose: string;
  /** The file beside it that adds the health of services. */
  readonly health: string;
  /** The command that makes the volumes. */
  readonly creation: string;
}

/**
 * Compose files as podman is told of them.
 * @param folder where they lie
 */
export function planOfCompose({ compose, health, creation }: ComposeFiles, folder: string): Plan {
  const { services, volumes } = fully(parse(compose), ['services', 'volumes']);
  const added = partOf(fully(parse(health), ['services']), 'services');
  return {
    volumes: Object.entries(partOf(volumes)).map(([name, volume]) => volumePlan(name, volume, creation)),
    containers: Object.entries(partOf(services)).map(([name, service]) =>
      servicePlan(name, service, partOf(fully(added[name] ?? {}, ['healthcheck']), 'healthcheck'), folder),
    ),
  };
}

function servicePlan(name: string, part: unknown, health: Part, folder: string): ContainerPlan {
  const service = fully(part, SERVICE);
  const all = (option: string, list: unknown) => textsOf(list).flatMap((value) => [option, value]);
  const one = (option: string, value: unknown) => (value === undefined ? [] : [option, String(value)]);
  return {
    name,
    image: String(service['image']),
    options: [
      ...one('--restart', service['restart']),
      ...one('--user', service['user']),
      // Docker puts nothing over /tmp and the like then, which podman would.
      ...(service['read_only'] ? ['--read-only', '--read-only-tmpfs=false'] : []),
      ...all('--cap-drop', service['cap_drop']),
      ...all('--security-opt', service['security_opt']),
      ...one('--memory', service['mem_limit']),
      ...Object.entries(partOf(service, 'environment')).flatMap(([key, value]) => [
        '--env',
        `${key}=${value}`,
      ]),
      ...textsOf(service['volumes']).flatMap((volume) => ['--volume', volume.replace(/^\.(?=\/)/, folder)]),
    ],
    command: textsOf(service['command']),
    memoryLimit: service['mem_limit'] === undefined ? Number.NaN : bytesOf(service['mem_limit']) / MB,
    probes: { healthcheck: healthcheck(health) },
    ports: {},
  };
}

/** Asked by the test: podman needs systemd to ask, and reads a list of words differently from version to version. */
function healthcheck(part: unknown): Part {
  return fully(part, ['test', 'interval', 'timeout', 'start_period']);
}

/** From the command that makes it: the file only says that it is there. */
function volumePlan(name: string, part: unknown, creation: string): VolumePlan {
  const { external, name: real } = fully(part, ['external', 'name']);
  const [, words] = new RegExp(`^docker volume create (.+) ${String(real)}$`, 'm').exec(creation) ?? [];
  const [, options] = /^--opt type=tmpfs --opt device=tmpfs --opt o=(\S+)$/.exec(words ?? '') ?? [];
  if (external !== true || real !== name || options === undefined) {
    throw new Error(`not translated for podman: the volume ${name}`);
  }
  return { name, options: options.split(',') };
}

import { parse } from 'yaml';
import { type Part, partOf } from '../k8s/manifests.ts';
import {
  bytesOf,
  type ContainerPlan,
  fully,
  MB,
  type Plan,
  roomFor,
  textsOf,
  type VolumePlan,
} from './plan.ts';

const SERVICE = [
  'image',
  'restart',
  'user',
  'read_only',
  'cap_drop',
  'security_opt',
  'mem_limit',
  'environment',
  'secrets',
  'volumes',
  'healthcheck',
  'depends_on',
  'group_add',
  'command',
];

/**
 * A compose file as podman is told of it.
 * @param secrets where the files of the secrets lie, by name
 */
export function planOfCompose(text: string, secrets: Readonly<Record<string, string>>): Plan {
  const { services, volumes } = fully(parse(text), ['services', 'volumes', 'secrets']);
  return {
    volumes: Object.entries(partOf(volumes)).map(([name, volume]) => volumePlan(name, volume)),
    containers: Object.entries(partOf(services)).map(([name, service]) =>
      servicePlan(name, service, secrets),
    ),
  };
}

function servicePlan(
  name: string,
  part: unknown,
  secrets: Parameters<typeof planOfCompose>[1],
): ContainerPlan {
  const service = fully(part, SERVICE);
  const all = (option: string, list: unknown) => textsOf(list).flatMap((value) => [option, value]);
  const one = (option: string, value: unknown) => (value === undefined ? [] : [option, String(value)]);
  return {
    name,
    image: String(service['image']),
    options: [
      ...one('--restart', service['restart']),
      ...one('--user', service['user']),
      ...all('--group-add', service['group_add']),
      // Docker puts nothing over /tmp and the like then, which podman would.
      ...(service['read_only'] ? ['--read-only', '--read-only-tmpfs=false'] : []),
      ...all('--cap-drop', service['cap_drop']),
      ...all('--security-opt', service['security_opt']),
      ...one('--memory', service['mem_limit']),
      ...Object.entries(partOf(service, 'environment')).flatMap(([key, value]) => [
        '--env',
        `${key}=${value}`,
      ]),
      ...textsOf(service['secrets']).flatMap((secret) => [
        '--volume',
        `${secrets[secret]}:/run/secrets/${secret}:ro`,
      ]),
      ...all('--volume', service['volumes']),
    ],
    command: textsOf(service['command']),
    memoryLimit: service['mem_limit'] === undefined ? Number.NaN : bytesOf(service['mem_limit']) / MB,
    probes: { healthcheck: healthcheck(service['healthcheck']) },
    ports: {},
  };
}

/** Asked by the test: podman needs systemd to ask, and reads a list of words differently from version to version. */
function healthcheck(part: unknown): Part {
  return fully(part, ['test', 'interval', 'timeout', 'start_period', 'start_interval']);
}

function volumePlan(name: string, part: unknown): VolumePlan {
  const { type, device, o }: Part = partOf(fully(part, ['driver_opts']), 'driver_opts');
  if (type !== 'tmpfs' || device !== 'tmpfs')
    throw new Error(`not translated for podman: a volume of ${type}`);
  const options = String(o).split(',');
  return {
    name,
    options: options.map((option) => option.replace(/^size=(.*)$/, (_, size) => roomFor(bytesOf(size)))),
  };
}

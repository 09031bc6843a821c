import { listOf, type Part, partOf } from '../k8s/manifests.ts';
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

/** What the kubelet tells every container. */
const OF_THE_KUBELET = ['--env', 'KUBERNETES_SERVICE_HOST=10.96.0.1'];

const SECURITY = [
  'runAsUser',
  'runAsGroup',
  'runAsNonRoot',
  'allowPrivilegeEscalation',
  'readOnlyRootFilesystem',
  'capabilities',
  'seccompProfile',
  'fsGroup',
];

const CONTAINER = [
  'name',
  'image',
  'imagePullPolicy',
  'command',
  'args',
  'restartPolicy',
  'env',
  'ports',
  'startupProbe',
  'livenessProbe',
  'readinessProbe',
  'securityContext',
  'resources',
  'volumeMounts',
];

/**
 * A pod as podman is told of it.
 * @param contents of the Secrets and ConfigMaps that it mounts, by their names
 */
export function planOfPod(
  spec: Part,
  contents: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Plan {
  const general = fully(spec['securityContext'], SECURITY);
  const containers = [...listOf(spec, 'initContainers'), ...listOf(spec, 'containers')];
  return {
    volumes: listOf(spec, 'volumes').map((volume) =>
      volumePlan(volume, Number(general['fsGroup']), contents),
    ),
    containers: containers.map((container) => containerPlan(container, general)),
  };
}

function containerPlan(part: Part, general: Part): ContainerPlan {
  const container = fully(part, CONTAINER);
  const security = fully({ ...general, ...partOf(container, 'securityContext') }, SECURITY);
  const memory = bytesOf(partOf(container, 'resources', 'limits')['memory']);
  const env = listOf(container, 'env').map((variable) => fully(variable, ['name', 'value']));
  const mounts = listOf(container, 'volumeMounts').map((mount) =>
    fully(mount, ['name', 'mountPath', 'readOnly']),
  );
  const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].filter((probe) => container[probe]);
  return {
    name: String(container['name']),
    image: String(container['image']),
    options: [
      ...securityOptions(security),
      ...['--memory', `${memory}`, '--memory-swap', `${memory}`],
      ...OF_THE_KUBELET,
      ...env.flatMap(({ name, value }) => ['--env', `${name}=${value}`]),
      ...mounts.flatMap(({ name, mountPath, readOnly }) => [
        '--volume',
        `${name}:${mountPath}${readOnly ? ':ro' : ''}`,
      ]),
    ],
    ...(container['command'] ? { entrypoint: textsOf(container['command']) } : {}),
    command: textsOf(container['args']),
    memoryLimit: memory / MB,
    probes: Object.fromEntries(probes.map((probe) => [probe, partOf(container, probe)])),
    ports: Object.fromEntries(
      listOf(container, 'ports').map(({ name, containerPort }) => [String(name), Number(containerPort)]),
    ),
  };
}

function securityOptions(security: Part): string[] {
  const user = [security['runAsUser'], security['runAsGroup']].filter((id) => id !== undefined);
  const { drop, add } = fully(security['capabilities'], ['drop', 'add']);
  const { type: seccomp = 'Unconfined' } = fully(security['seccompProfile'], ['type']);
  // Podman's own is what RuntimeDefault means.
  if (seccomp !== 'RuntimeDefault') throw new Error(`not translated for podman: seccomp ${seccomp}`);
  return [
    ...(user.length > 0 ? ['--user', user.join(':')] : []),
    ...(security['fsGroup'] === undefined ? [] : ['--group-add', String(security['fsGroup'])]),
    ...(security['allowPrivilegeEscalation'] === false ? ['--security-opt', 'no-new-privileges'] : []),
    // Podman would put memory over /tmp and the like, which Kubernetes does not.
    ...(security['readOnlyRootFilesystem'] ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...textsOf(drop).flatMap((capability) => ['--cap-drop', capability.toLowerCase()]),
    ...textsOf(add).flatMap((capability) => ['--cap-add', capability]),
  ];
}

/** As the kubelet makes it: it belongs to the group of the pod, and so does what is made in it. */
function volumePlan(part: Part, group: number, contents: Parameters<typeof planOfPod>[1]): VolumePlan {
  const { name, ...source } = fully(part, ['name', 'emptyDir', 'secret', 'configMap']);
  const owned = [`gid=${group}`, 'mode=2777'];
  if (source['emptyDir']) {
    const { sizeLimit } = fully(source['emptyDir'], ['medium', 'sizeLimit']);
    return { name: String(name), options: [roomFor(bytesOf(sizeLimit)), ...owned] };
  }
  const {
    secretName,
    name: configMap,
    defaultMode = 0o644,
  } = partOf(source['secret'] ?? source['configMap']);
  const files = contents[String(secretName ?? configMap)];
  if (!files) throw new Error(`nobody says what ${secretName ?? configMap} holds`);
  return { name: String(name), options: [roomFor(MB), ...owned], files, mode: Number(defaultMode), group };
}

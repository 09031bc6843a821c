import { type Part, partOf } from './manifests.ts';

/**
 * What an API server makes of the types that the manifests use: `defaults.go` of each group of Kubernetes 1.36, and the
 * `patchStrategy`, `listType` and `structType` of their fields. Only what is compared as a whole matters: a list or part
 * that `kubectl apply` replaces or server-side apply owns in one piece differs from what the server stores for ever
 * when a default is left out of it. Elsewhere both leave alone what the manifest does not say.
 */
interface Type {
  /** What the server adds where it is absent. */
  readonly defaults?: Part;
  /** Fields that hold parts of a type, or lists of them. What is not named holds no defaults. */
  readonly parts?: Readonly<Record<string, Field>>;
  /** Fields without defaults inside. */
  readonly plain?: readonly string[];
  /** Fields of quantities by any name: `limits`. */
  readonly quantities?: readonly string[];
}

interface Field {
  readonly type: string;
  /** Compared in one piece: an atomic list or struct, or one with `retainKeys`. */
  readonly isWhole?: true;
}

const whole = (type: string): Field => ({ type, isWhole: true });
const merged = (type: string): Field => ({ type });

const TYPES: Readonly<Record<string, Type>> = {
  Deployment: { parts: { spec: merged('DeploymentSpec') } },
  DeploymentSpec: {
    plain: ['replicas', 'selector'],
    parts: { strategy: whole('DeploymentStrategy'), template: merged('PodTemplate') },
  },
  DeploymentStrategy: {
    defaults: { type: 'RollingUpdate' },
    parts: { rollingUpdate: merged('RollingUpdate') },
  },
  RollingUpdate: { defaults: { maxUnavailable: '25%', maxSurge: '25%' } },
  Job: { parts: { spec: merged('JobSpec') } },
  JobSpec: { plain: ['backoffLimit'], parts: { template: merged('PodTemplate') } },
  PodTemplate: { plain: ['metadata'], parts: { spec: merged('PodSpec') } },
  PodSpec: {
    plain: [
      ...['serviceAccountName', 'automountServiceAccountToken', 'terminationGracePeriodSeconds'],
      ...[
        'restartPolicy',
        'imagePullSecrets',
        'priorityClassName',
        'nodeSelector',
        'tolerations',
        'affinity',
      ],
    ],
    parts: {
      securityContext: merged('SecurityContext'),
      topologySpreadConstraints: merged('TopologySpreadConstraint'),
      initContainers: merged('Container'),
      containers: merged('Container'),
      volumes: merged('Volume'),
    },
  },
  SecurityContext: {
    plain: [
      ...['runAsNonRoot', 'runAsUser', 'runAsGroup', 'fsGroup', 'supplementalGroups', 'seccompProfile'],
      ...['allowPrivilegeEscalation', 'readOnlyRootFilesystem', 'capabilities'],
    ],
  },
  TopologySpreadConstraint: { plain: ['maxSkew', 'topologyKey', 'whenUnsatisfiable', 'labelSelector'] },
  Container: {
    plain: ['name', 'image', 'imagePullPolicy', 'args', 'command', 'restartPolicy'],
    parts: {
      ports: merged('ContainerPort'),
      env: merged('EnvVar'),
      startupProbe: merged('Probe'),
      livenessProbe: merged('Probe'),
      readinessProbe: merged('Probe'),
      securityContext: merged('SecurityContext'),
      resources: merged('Resources'),
      volumeMounts: merged('VolumeMount'),
    },
  },
  ContainerPort: { plain: ['name', 'containerPort', 'protocol'] },
  EnvVar: { plain: ['name', 'value'], parts: { valueFrom: merged('EnvVarSource') } },
  EnvVarSource: { parts: { fieldRef: whole('ObjectFieldSelector') } },
  ObjectFieldSelector: { defaults: { apiVersion: 'v1' }, plain: ['fieldPath'] },
  Probe: {
    plain: ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'successThreshold', 'failureThreshold'],
    parts: { httpGet: merged('HttpGet') },
  },
  HttpGet: { plain: ['path', 'port', 'scheme'] },
  Resources: { quantities: ['requests', 'limits'] },
  VolumeMount: { plain: ['name', 'mountPath', 'readOnly'] },
  Volume: {
    plain: ['name'],
    parts: {
      emptyDir: merged('EmptyDir'),
      secret: merged('SecretVolume'),
      configMap: merged('ConfigMapVolume'),
      projected: merged('Projected'),
    },
  },
  EmptyDir: { plain: ['medium'], quantities: ['sizeLimit'] },
  SecretVolume: { plain: ['secretName', 'defaultMode'], parts: { items: whole('KeyToPath') } },
  ConfigMapVolume: { plain: ['name', 'defaultMode'], parts: { items: whole('KeyToPath') } },
  KeyToPath: { plain: ['key', 'path', 'mode'] },
  Projected: { plain: ['defaultMode'], parts: { sources: whole('Projection') } },
  Projection: {
    parts: {
      serviceAccountToken: merged('TokenProjection'),
      configMap: merged('ConfigMapVolume'),
      downwardAPI: merged('DownwardProjection'),
    },
  },
  TokenProjection: { defaults: { expirationSeconds: 3600 }, plain: ['path', 'audience'] },
  DownwardProjection: { parts: { items: whole('DownwardFile') } },
  DownwardFile: { plain: ['path', 'mode'], parts: { fieldRef: whole('ObjectFieldSelector') } },
  NetworkPolicy: { parts: { spec: merged('NetworkPolicySpec') } },
  NetworkPolicySpec: {
    plain: ['podSelector', 'policyTypes'],
    parts: { ingress: whole('NetworkPolicyRule'), egress: whole('NetworkPolicyRule') },
  },
  NetworkPolicyRule: { plain: ['from', 'to'], parts: { ports: whole('NetworkPolicyPort') } },
  NetworkPolicyPort: { defaults: { protocol: 'TCP' }, plain: ['port', 'endPort'] },
  PodDisruptionBudget: { plain: ['spec'] },
  Role: { plain: ['rules'] },
  RoleBinding: { plain: ['roleRef', 'subjects'] },
  Lease: {},
  // `type` is immutable, and Opaque where it is absent.
  Secret: { plain: ['type', 'data'] },
  ConfigMap: { plain: ['data'] },
  Service: { parts: { spec: merged('ServiceSpec') } },
  ServiceSpec: { plain: ['selector'], parts: { ports: merged('ServicePort') } },
  ServicePort: { plain: ['name', 'port', 'targetPort', 'protocol'] },
  StatefulSet: { parts: { spec: merged('StatefulSetSpec') } },
  StatefulSetSpec: { plain: ['selector', 'serviceName'], parts: { template: merged('PodTemplate') } },
  CronJob: { parts: { spec: merged('CronJobSpec') } },
  CronJobSpec: { plain: ['schedule'], parts: { jobTemplate: merged('JobTemplate') } },
  JobTemplate: { parts: { spec: merged('JobSpec') } },
  ServiceAccount: { plain: ['automountServiceAccountToken'] },
};

const EVERYWHERE = ['apiVersion', 'kind', 'metadata'];

/** As the server writes it: no zero before, no unit that a greater one can say. */
const QUANTITY = /^(?:0|[1-9]\d*)(m|k|M|G|Ki|Mi|Gi)?$/;
const STEPS: Readonly<Record<string, number>> = {
  '': 1_000,
  m: 1_000,
  k: 1_000,
  M: 1_000,
  Ki: 1_024,
  Mi: 1_024,
};

/** What a manifest says in other words than the server would store, a line each, with its path. */
export function differencesFromStored(object: Part): readonly string[] {
  const kind = String(object['kind']);
  const { apiVersion: _group, kind: _kind, metadata: _metadata, ...rest } = object;
  if (kind === 'Kustomization') return [];
  return differences(kind, rest, kind, false);
}

function differences(name: string, part: Part, path: string, isWhole: boolean): readonly string[] {
  const type = TYPES[name];
  if (!type) return [`${path}: the rule does not know ${name}`];
  const { defaults = {}, parts = {}, plain = [], quantities = [] } = type;
  const missing = Object.entries(defaults).flatMap(([key, value]) =>
    isWhole && part[key] === undefined ? [`${path}.${key}: the server stores ${JSON.stringify(value)}`] : [],
  );
  const inside = Object.entries(part).flatMap(([key, value]) => {
    const at = `${path}.${key}`;
    const field = parts[key];
    if (field)
      return listed(value).flatMap((one) => differences(field.type, one, at, isWhole || !!field.isWhole));
    if (quantities.includes(key)) return uncommon(value, at);
    const isKnown = plain.includes(key) || key in defaults || EVERYWHERE.includes(key);
    return isKnown ? [] : [`${at}: the rule does not know this field`];
  });
  return [...missing, ...inside];
}

function listed(value: unknown): readonly Part[] {
  return (Array.isArray(value) ? value : [value]).map((one) => partOf(one));
}

function uncommon(value: unknown, path: string): readonly string[] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, one]) => uncommon(one, `${path}.${key}`));
  }
  const text = String(value);
  const unit = QUANTITY.exec(text)?.[1];
  const isCommon = QUANTITY.test(text) && Number.parseInt(text, 10) % (STEPS[unit ?? ''] ?? Number.NaN) !== 0;
  return isCommon ? [] : [`${path}: the server stores ${text} in other words`];
}

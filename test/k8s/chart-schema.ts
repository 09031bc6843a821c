import type { JsonSchema } from '@valibot/to-json-schema';
import { jsonSchema } from '../config/json-schema.ts';

/** Objects of the API that the chart passes on as they are. */
const object = (description: string): JsonSchema => ({ type: 'object', description });
const objects = (description: string): JsonSchema => ({
  type: 'array',
  items: { type: 'object' },
  description,
});
const text = (description: string, pattern?: string): JsonSchema => ({
  type: 'string',
  ...(pattern !== undefined && { pattern }),
  description,
});
const texts = (description: string): JsonSchema => ({
  type: 'object',
  additionalProperties: { type: 'string' },
  description,
});
const flag = (description: string): JsonSchema => ({ type: 'boolean', description });
const PORT: JsonSchema = { type: 'integer', minimum: 1, maximum: 65_535 };
const port = (description: string): JsonSchema => ({ ...PORT, description });
const ports = (description: string): JsonSchema => ({ type: 'array', items: PORT, minItems: 1, description });

/** An object that has these keys and no others. */
const group = (properties: Readonly<Record<string, JsonSchema>>, description: string): JsonSchema => ({
  type: 'object',
  properties,
  additionalProperties: false,
  description,
});

/** A name of an object, or of a label's prefix. */
const DNS_NAME = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';
const OPTIONAL_NAME = `^$|${DNS_NAME}`;
/** Empty, or a name of at most as many letters as leave room for what is put behind it. */
const OWN_NAME = '^([a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?)?$';
const QUANTITY = '^[0-9]+(Ki|Mi|Gi|k|M|G)?$';
const DURATION = '^[0-9]+(ms|s|m|h)$';

/**
 * What values of the Helm chart may be: its own, and below `accounts` and `config` what the configuration of the program
 * may say, but for what the chart says itself.
 */
export function chartSchema(): JsonSchema {
  const config = withoutStrangePatterns(jsonSchema());
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart wx-token-sidecar',
    ...group(
      {
        mode: {
          enum: ['cluster', 'sidecar'],
          description: 'cluster: a refresher and a stand-by; sidecar: the configuration for pods of an app.',
        },
        accounts: {
          type: 'array',
          items: accountSchema(config),
          description: 'The accounts, each with where it is published.',
        },
        appSecret: group(
          {
            existingSecret: text('The Secret with an AppSecret for each account.', OPTIONAL_NAME),
            create: texts('AppSecrets by the names of accounts, for a Secret of the chart.'),
          },
          'Where the AppSecrets are.',
        ),
        config: configSchema(config),
        image: group(
          {
            repository: text('The image, with its registry.', '^[^:\\s]+(:\\d+/[^:\\s]+)?$'),
            tag: text('Its tag; empty: appVersion of the chart.'),
            digest: text('In place of a tag.', '^$|^sha256:[0-9a-f]{64}$'),
            pullPolicy: { enum: ['IfNotPresent', 'Always', 'Never'], description: 'When it is pulled.' },
          },
          'The image of the program.',
        ),
        imagePullSecrets: objects('Secrets for the registry, such as { name: registry }.'),
        nameOverride: text('In place of wx-token-sidecar in names.', OWN_NAME),
        fullnameOverride: text(
          'In place of the name of the release and wx-token-sidecar in names.',
          OWN_NAME,
        ),
        labels: texts('Labels of all objects and pods.'),
        replicas: { type: 'integer', minimum: 1, description: 'How many pods; one calls WeChat.' },
        tokenSecret: text('The Secret that the tokens land in.', DNS_NAME),
        serviceAccount: group(
          {
            create: flag('Whether the chart makes it.'),
            name: text('Its name; empty: as the other objects.', OPTIONAL_NAME),
            annotations: texts('Its annotations.'),
          },
          'The service account of the pods.',
        ),
        rbac: group({ create: flag('Whether the chart makes them.') }, 'Role and RoleBinding.'),
        port: port('Health and metrics.'),
        pushPort: port('The receiver of what WeChat pushes.'),
        resources: object('Requests and limits of the container.'),
        volumeSize: text('Size of the volume with the files.', QUANTITY),
        podSecurityContext: object('securityContext of the pod.'),
        priorityClassName: text('Priority class of the pods.', OPTIONAL_NAME),
        podLabels: texts('Labels of the pods alone.'),
        podAnnotations: texts('Annotations of the pods.'),
        nodeSelector: texts('Labels of nodes that may run the pods.'),
        tolerations: objects('Tolerations of the pods.'),
        affinity: object('Affinity of the pods.'),
        env: objects('Variables of the container.'),
        extraVolumes: objects('Further volumes of the pods.'),
        extraVolumeMounts: objects('Where the container mounts them.'),
        podDisruptionBudget: group(
          {
            enabled: flag('Whether there is one.'),
            maxUnavailable: {
              type: ['integer', 'string'],
              pattern: '^[0-9]+%$',
              minimum: 1,
              description: 'How many pods may be away, or which part of them.',
            },
          },
          'The PodDisruptionBudget.',
        ),
        networkPolicy: group(
          {
            enabled: flag('Whether there is one.'),
            dnsPorts: ports('Ports of the DNS pods.'),
            egressPorts: ports('Ports of WeChat, the API server and a proxy.'),
            extraIngress: objects('Further rules for what comes in.'),
            extraEgress: objects('Further rules for what goes out.'),
          },
          'The NetworkPolicy.',
        ),
        monitoring: group(
          {
            podMonitor: group(
              {
                enabled: flag('Whether there is one.'),
                labels: texts('What Prometheus selects by.'),
                interval: text('How often it scrapes; a minute at most.', DURATION),
                selector: texts("In mode sidecar, labels of the app's pods."),
              },
              'A PodMonitor of the Prometheus operator.',
            ),
            rules: group(
              { enabled: flag('Whether there are any.'), labels: texts('What Prometheus selects by.') },
              'A PrometheusRule with the alerts of k8s/monitoring.',
            ),
            dashboard: group(
              {
                enabled: flag('Whether there is one.'),
                labels: texts("What Grafana's sidecar selects by."),
              },
              'A ConfigMap with the dashboard of k8s/monitoring.',
            ),
          },
          'Objects for Prometheus and Grafana.',
        ),
        // Helm gives both to a chart that another one depends on.
        global: object('Values of the chart that depends on this one.'),
        enabled: flag('For the condition of a chart that depends on this one.'),
      },
      'README.md explains each of them.',
    ),
  };
}

function accountSchema(config: JsonSchema): JsonSchema {
  const { allOf, ...account } = partsOf(propertiesOf(config)['credentials'], 'items');
  const [ids] = listOf(allOf);
  const branches = listOf(ids?.['anyOf']);
  const named = branches.flatMap((branch) => typesIn(propertiesOf(branch)['type']));
  const others = typesIn(propertiesOf(account)['type']).filter((type) => !named.includes(type));
  const needed = branches.map((branch) => {
    const type = propertiesOf(branch)['type'] ?? { enum: others };
    const required = namesOf(branch['required']).filter((name) => name !== 'type');
    // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
    return { if: { properties: { type }, required: ['type'] }, then: { required } };
  });
  const properties = Object.entries(propertiesOf(account)).map(([key, value]) => [
    key,
    key === 'publish' || key === 'notify' ? { ...value, items: byType(partsOf(value, 'items')) } : value,
  ]);
  return {
    ...account,
    properties: Object.fromEntries(properties),
    required: ['name', 'type'],
    // Said one by one, so that a message names what is missing and not every type that there is.
    allOf: needed,
  } as JsonSchema;
}

/** The same alternatives, told apart by their type: of an unlike one nothing is said. */
function byType({ oneOf }: Parts): Parts {
  const branches = listOf(oneOf);
  const types = branches.map((branch) => propertiesOf(branch)['type']?.const);
  return {
    type: 'object',
    properties: { type: { enum: types } },
    required: ['type'],
    allOf: branches.map((branch) => ({
      if: { properties: { type: { const: propertiesOf(branch)['type']?.const } }, required: ['type'] },
      // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
      then: branch,
    })),
  };
}

/** What the chart says itself of these, by its other values. */
const OWN = ['$schema', 'credentials', 'push'];

function configSchema(config: JsonSchema): JsonSchema {
  const { http, cluster, ...rest } = propertiesOf(config);
  const properties = Object.entries(rest).filter(([key]) => !OWN.includes(key));
  const { name: _name, namespace: _namespace, ...lease } = propertiesOf(propertiesOf(cluster)['lease']);
  const { allowedHosts = {} } = propertiesOf(http);
  return group(
    {
      ...Object.fromEntries(properties),
      http: group({ allowedHosts }, descriptionOf(http)),
      cluster: group(
        { lease: group(lease, 'Times of the Lease that elects one of the pods.') },
        descriptionOf(cluster),
      ),
    },
    'What the configuration says besides accounts, ports and the names of Lease and Secret.',
  );
}

/** What Go's regular expressions have no words for: looking ahead or back, and counts over a thousand. */
const STRANGE = /\(\?[=!<]|\{(?:\d+,)?\d{4,}\}/;

/** Helm takes a schema with a pattern that Go does not know for no schema at all; the program itself knows all of them. */
function withoutStrangePatterns<T>(part: T): T {
  const text = JSON.stringify(part, (_key, value) =>
    typeof value?.pattern === 'string' && STRANGE.test(value.pattern)
      ? { ...value, pattern: undefined }
      : value,
  );
  return JSON.parse(text);
}

type Parts = Readonly<Record<string, unknown>>;

function partsOf(part: unknown, key: string): Parts {
  return ((part as Parts | undefined)?.[key] ?? {}) as Parts;
}

function propertiesOf(part: unknown): Record<string, JsonSchema> {
  return partsOf(part, 'properties') as Record<string, JsonSchema>;
}

function listOf(value: unknown): readonly Parts[] {
  return Array.isArray(value) ? value : [];
}

function typesIn(type: JsonSchema | undefined): readonly string[] {
  return namesOf(type?.enum ?? [type?.const]);
}

function namesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function descriptionOf(part: JsonSchema | undefined): string {
  return part?.description ?? '';
}

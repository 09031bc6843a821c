import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEFAULTS, PATHS, WHOLE } from './chart-paths.ts';
import { chartSchema } from './chart-schema.ts';
import { LEAST, notes, template } from './helm.ts';
import { listOf, type Part, partOf, textOf } from './manifests.ts';

const README = await textOf('chart/README.md');
const SECRET = '0123456789abcdef0123456789abcdef';

describe('values of the chart', () => {
  it('the chart refuses what `npm run schema` makes it refuse', async () => {
    const written: unknown = JSON.parse(await textOf('chart/values.schema.json'));
    expect(written, 'run `npm run schema`').toEqual(JSON.parse(JSON.stringify(chartSchema())));
  });

  it('the README explains every value, with its default, and no other', () => {
    const [, table = ''] = /## Values\n([\s\S]*?)\n## /.exec(README) ?? [];
    const rows = [...table.matchAll(/^\| `([\w.]+)` \| (.*?) \| (.+) \|$/gm)];
    expect(rows.map(([, path]) => path)).toEqual(PATHS);
    for (const [, path = '', shown = '', what = ''] of rows) {
      expect(what, path).toMatch(/\.$/);
      const [, literal] = /^`(.*)`$/.exec(shown) ?? [];
      const value = path.split('.').reduce<unknown>((at, key) => (at as Part)[key], DEFAULTS);
      if (literal !== undefined && typeof value === 'object' && WHOLE.includes(path))
        expect({ ...parse(literal) }, path).toEqual(value);
      else if (literal !== undefined) expect(parse(literal), path).toEqual(value);
      else if (!WHOLE.includes(path)) expect(value, path).toBe('');
    }
  });

  it('the schema describes every value', () => {
    for (const path of PATHS) {
      const schema = path.split('.').reduce<Part>((at, key) => partOf(at, 'properties', key), {
        ...chartSchema(),
      });
      expect(schema['description'], path).toMatch(/\w/);
    }
  });

  it('values.yaml has a comment before each value, or before its group', async () => {
    const lines = (await textOf('chart/values.yaml')).split('\n');
    const tops = lines.flatMap((line, index) => (/^\w/.test(line) ? [index] : []));
    expect(tops.length).toBe(Object.keys(DEFAULTS).length);
  });
});

const [SHOP = {}] = listOf(LEAST, 'accounts');

describe('bad values', () => {
  it.for<readonly [string, Part, string]>([
    ['no account', {}, 'accounts: name at least one, such as { name: shop,'],
    ['another mode', { ...LEAST, mode: 'both' }, "at '/mode': value must be one of 'cluster', 'sidecar'"],
    ['a mistyped value', { ...LEAST, replica: 3 }, "additional properties 'replica' not allowed"],
    ['a number in words', { ...LEAST, replicas: 'two' }, "at '/replicas': got string, want integer"],
    ['a port that is none', { ...LEAST, port: 70_000 }, "at '/port': maximum: got 70,000, want 65,535"],
    [
      'an unknown type',
      { accounts: [{ ...SHOP, type: 'stabletoken' }] },
      "at '/accounts/0/type': value must be one of 'stable-token', 'access-token', 'wecom'",
    ],
    ['a mistyped key', { accounts: [{ ...SHOP, appid: 'a' }] }, "additional properties 'appid' not allowed"],
    ['an account without id', { accounts: [{ name: 'a', type: 'wecom' }] }, "missing property 'corpId'"],
    [
      'a target without path',
      { accounts: [{ ...SHOP, publish: [{ type: 'file' }] }] },
      "at '/accounts/0/publish/0': missing property 'path'",
    ],
    [
      'a duration without unit',
      { accounts: [{ ...SHOP, rotationWindow: '5' }] },
      "at '/accounts/0/rotationWindow': '5' does not match pattern",
    ],
    ['two accounts of one name', { accounts: [SHOP, SHOP] }, 'accounts (shop): two accounts have this name'],
    ['accounts in config', { ...LEAST, config: { credentials: [] } }, "additional properties 'credentials'"],
    ['another port in config', { ...LEAST, config: { http: { listen: 'a:1' } } }, "properties 'listen'"],
    [
      'a Lease beside Redis',
      { ...LEAST, config: { state: { redis: { connection: 'a' } }, cluster: { lease: {} } } },
      'config.cluster: only mode cluster elects a pod, and not with config.state',
    ],
    [
      'an AppSecret of nobody',
      { ...LEAST, appSecret: { create: { shopp: SECRET } } },
      'appSecret.create: the AppSecret of the account shop is missing; its key is shop',
    ],
    ['no AppSecret', { ...LEAST, appSecret: { existingSecret: '' } }, 'appSecret: name an existingSecret'],
    [
      'a PodMonitor of nothing',
      { ...LEAST, mode: 'sidecar', monitoring: { podMonitor: { enabled: true } } },
      "monitoring.podMonitor.selector: in mode sidecar, say the labels of the app's pods",
    ],
  ])('%s is refused with a message that says where', async ([, values, message], context) => {
    const { code, stderr } = await template(values, context);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(SECRET);
  });
});

describe('notes of the chart', () => {
  it('for mode sidecar helm tells the lines that go into a pod', async (context) => {
    const told = await notes({ ...LEAST, mode: 'sidecar' }, context);
    const [, lines = ''] = /^(spec:\n(?: .*\n)+)/m.exec(told) ?? [];
    expect(partOf(parse(lines), 'spec')).toMatchObject({
      securityContext: { fsGroup: 1000 },
      initContainers: [{ name: 'wx-token', restartPolicy: 'Always' }],
      containers: [{ volumeMounts: [{ name: 'wx', mountPath: '/var/run/wx', readOnly: true }] }],
      volumes: [{ name: 'wx' }, { name: 'wx-appsecret' }, { name: 'wx-config' }],
    });
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FetchedConfig } from '../../src/config/config.ts';
import { secretReader } from '../../src/config/secret-file.ts';
import { policyOf } from '../../src/providers/kinds.ts';
import { account, inJson, place, SECRET } from './written.ts';

const MINUTE = 60_000;
const KUBERNETES = { KUBERNETES_SERVICE_HOST: '10.96.0.1' };
const CLUSTER = { lease: { name: 'wx-token' }, secret: { name: 'wx-token' } };

type Keys = Readonly<Record<string, unknown>>;

/** The only credential of a file that says the least and these keys. */
async function credentialWith(own: Keys, keys: Keys = {}, environment = {}): Promise<FetchedConfig> {
  const { load } = await place();
  const { credentials } = await load(inJson([account(own)], keys), environment);
  const [credential, ...more] = credentials;
  if (!credential || more.length > 0) throw new Error('not one credential');
  return credential;
}

it('a budget of zero forced fetches is accepted', async () => {
  expect(await credentialWith({ budget: { forcedPerDay: 0 } })).toMatchObject({
    budget: { fetchesPerDay: 2000, forcedPerDay: 0 },
  });
});

describe('minimal configuration file', () => {
  it('an account, its secret and a target are enough, and everything else has a default', async () => {
    const { folder, load } = await place();
    const { credentials, ...config } = await load(inJson([account()]));
    expect(config).toEqual({
      schedule: '*/5 * * * * *',
      onHangup: 'refresh',
      stateDir: join(folder, 'out', '.wx-token-sidecar'),
      stateOrigin: 'new',
      stateElsewhere: [],
      stateLinks: [],
      coordinated: true,
      stateMode: 0o700,
      log: { level: 'info', format: 'json' },
      inputs: [join(folder, 'config.yaml'), join(folder, 'secrets', 'one')],
    });
    expect(credentials).toEqual([
      {
        name: 'shop',
        type: 'stable-token',
        appId: 'wx0000000000000000',
        secret: { file: join(folder, 'secrets', 'one') },
        platform: {
          id: 'weixin',
          hosts: ['https://api.weixin.qq.com', 'https://api2.weixin.qq.com'],
          timeout: 10_000,
          ipv4First: true,
        },
        budget: { fetchesPerDay: 2000, forcedPerDay: 20 },
        coordinated: true,
        options: { allowForce: false },
        optional: false,
        tickets: [],
        publish: [
          {
            type: 'file',
            path: join(folder, 'out', 'token'),
            of: 'token',
            format: 'raw',
            details: true,
            mode: 0o640,
          },
        ],
        notify: [],
      },
    ]);
  });
});

describe('full configuration file', () => {
  it('the settings of a configuration file take effect', async () => {
    const { folder, load } = await place();
    const config = await load(`
schedule: "*/2 * * * * *"
stateDir: $FOLDER/state/
stateMode: "0770"
stateGroup: 0
log: { level: debug, format: text }
feedback: { directory: $FOLDER/feedback }
platform: { timeout: 7s, proxy: "http://egress:3128", caFile: $FOLDER/ca.pem, ipv4First: false }
credentials:
  - name: shop
    type: access-token
    appId: wx0000000000000000
    secretFile: $FOLDER/secrets/one
    ahead: 20m
    optional: true
    budget: { fetchesPerDay: 200 }
    allowUncoordinated: true
    tickets: [jsapi, wx_card]
    publish:
      - { type: file, path: $FOLDER/out/token, mode: "0600", group: root }
      - { type: file, path: $FOLDER/out/token.php, format: php }
      - { type: file, path: $FOLDER/out/jsapi.json, of: jsapi, format: json }
      - { type: file, path: $FOLDER/out/card, of: wx_card, details: false }
    notify:
      - { type: exec, command: [/bin/app, "5"] }
      - { type: exec, command: [/bin/app], timeout: 1m }
      - { type: webhook, url: "http://127.0.0.1:8080/x" }
      - { type: signal, pidFile: $FOLDER/no-such.pid }
      - { type: signal, pidFile: /run/app.pid, signal: SIGUSR1 }
`);
    expect(config).toMatchObject({
      schedule: '*/2 * * * * *',
      stateDir: join(folder, 'state'),
      stateOrigin: 'chosen',
      stateElsewhere: [],
      stateLinks: [],
      stateMode: 0o770,
      stateGid: 0,
      feedbackDir: join(folder, 'feedback'),
      log: { level: 'debug', format: 'text' },
      inputs: [join(folder, 'config.yaml'), join(folder, 'secrets', 'one'), join(folder, 'ca.pem')],
    });
    const [credential] = config.credentials;
    expect(credential).toMatchObject({
      type: 'access-token',
      platform: {
        timeout: 7_000,
        proxy: 'http://egress:3128',
        ca: expect.stringMatching(/CERTIFICATE/),
        ipv4First: false,
      },
      options: { ahead: 20 * MINUTE },
      budget: { fetchesPerDay: 200, forcedPerDay: 20 },
      optional: true,
      tickets: ['jsapi', 'wx_card'],
      publish: [
        { of: 'token', format: 'raw', details: true, mode: 0o600, gid: 0 },
        { of: 'token', format: 'php', details: false },
        { of: 'jsapi', format: 'json', details: false },
        { of: 'wx_card', format: 'raw', details: false },
      ],
    });
    expect(credential?.notify).toEqual([
      { type: 'exec', command: ['/bin/app', '5'], timeout: 30_000 },
      { type: 'exec', command: ['/bin/app'], timeout: MINUTE },
      { type: 'webhook', url: 'http://127.0.0.1:8080/x', timeout: 5_000 },
      { type: 'signal', pidFile: join(folder, 'no-such.pid'), signal: 'SIGHUP' },
      { type: 'signal', pidFile: '/run/app.pid', signal: 'SIGUSR1' },
    ]);
  });

  it('a WeCom account is configured by its corp and uses the WeCom host', async () => {
    const wecom = { appId: undefined, corpId: 'ww0000000000000000', type: 'wecom', tickets: ['corp_jsapi'] };
    const publish = [{ type: 'file', path: '$FOLDER/out/ticket', of: 'corp_jsapi' }];
    expect(await credentialWith({ ...wecom, publish })).toMatchObject({
      type: 'wecom',
      appId: 'ww0000000000000000',
      platform: { hosts: ['https://qyapi.weixin.qq.com'] },
      tickets: ['corp_jsapi'],
    });
  });
});

describe('secret from a variable', () => {
  it('secretEnv may name any variable, even one that starts with WXTOKEN_', async () => {
    for (const name of ['SHOP_SECRET', 'WXTOKEN_SHOP_SECRET', 'WXTOKEN_SECRET']) {
      const own = { secretFile: undefined, secretEnv: name };
      const { secret } = await credentialWith(own, {}, { [name]: `${SECRET}\n` });
      expect((await secretReader(secret)()).reveal()).toBe(SECRET);
      expect(JSON.stringify(secret)).not.toContain(SECRET);
    }
  });
});

describe('details file', () => {
  it('the details file is left out when another target publishes PATH.json itself', async () => {
    const { publish } = await credentialWith({
      publish: [
        { type: 'file', path: '$FOLDER/out/token' },
        { type: 'file', path: '$FOLDER/out/token.json', format: 'json', mode: '0644' },
      ],
    });
    expect(publish).toMatchObject([{ details: false }, { format: 'json', details: false, mode: 0o644 }]);
  });
});

describe('platform settings', () => {
  const general = {
    baseUrl: 'https://egress.example/wx',
    fallbackUrls: ['https://b.example'],
    timeout: '3s',
  };

  it('a credential without platform settings uses the general ones', async () => {
    expect((await credentialWith({}, { platform: general })).platform).toMatchObject({
      hosts: ['https://egress.example/wx', 'https://b.example'],
      timeout: 3_000,
    });
  });

  it('a credential may override the platform settings key by key', async () => {
    const own = { timeout: '4s', proxy: 'http://other:3128' };
    expect((await credentialWith({ platform: own }, { platform: general })).platform).toMatchObject({
      hosts: ['https://egress.example/wx', 'https://b.example'],
      timeout: 4_000,
      proxy: 'http://other:3128',
    });
  });

  it('a credential with its own base URL does not get the general fallback URLs', async () => {
    const own = { baseUrl: 'http://127.0.0.1:8866' };
    expect((await credentialWith({ platform: own }, { platform: general })).platform).toMatchObject({
      id: '127.0.0.1:8866',
      hosts: ['http://127.0.0.1:8866'],
    });
  });

  it('general WeChat hosts do not apply to a WeCom credential', async () => {
    const { load } = await place();
    const { credentials } = await load(`
platform: { baseUrl: "https://api.weixin.qq.com", fallbackUrls: ["https://sh.api.weixin.qq.com"] }
credentials:
  - name: shop
    appId: wx0000000000000000
    secretFile: $FOLDER/secrets/one
    publish: [{ type: file, path: $FOLDER/out/shop }]
  - name: bot
    type: wecom
    corpId: ww0000000000000000
    secretFile: $FOLDER/secrets/two
    publish: [{ type: file, path: $FOLDER/out/bot }]
`);
    expect(credentials.map(({ platform }) => platform.hosts)).toEqual([
      ['https://api.weixin.qq.com', 'https://sh.api.weixin.qq.com'],
      ['https://qyapi.weixin.qq.com'],
    ]);
  });
});

describe('Kubernetes', () => {
  it('an uncoordinated stable-token in Kubernetes is rechecked every five minutes by default', async () => {
    const [usual, own, never, shared, elected] = [
      await credentialWith({}, {}, KUBERNETES),
      await credentialWith({ recheck: '2m' }, {}, KUBERNETES),
      await credentialWith({ recheck: 'off' }, {}, KUBERNETES),
      await credentialWith({}, { stateDir: '/shared' }, KUBERNETES),
      await credentialWith({}, { cluster: CLUSTER }, KUBERNETES),
    ];
    expect([usual, own, never].map((one) => one.coordinated)).toEqual([false, false, false]);
    expect(policyOf(usual).recheck).toBe(5 * MINUTE);
    expect(policyOf(own).recheck).toBe(2 * MINUTE);
    expect(policyOf(never)).not.toHaveProperty('recheck');
    for (const together of [shared, elected]) {
      expect(together.coordinated).toBe(true);
      expect(policyOf(together)).not.toHaveProperty('recheck');
    }
  });

  it('an access-token in Kubernetes needs a state folder, a cluster or allowUncoordinated', async () => {
    const { problems } = await place();
    const [problem, ...more] = await problems(inJson([account({ type: 'access-token' })]), KUBERNETES);
    expect(more).toEqual([]);
    expect(problem).toMatch(/credentials\[0\]\.type: .* in stateDir, or set allowUncoordinated: true/);
    for (const [own, keys] of [
      [{ allowUncoordinated: true }, {}],
      [{}, { stateDir: '/shared' }],
      [{}, { cluster: CLUSTER }],
    ] as const) {
      await credentialWith({ type: 'access-token', ...own }, keys, KUBERNETES);
    }
  });
});

import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeCertificates } from '../providers/certificates.ts';
import { TEST_ACCOUNT } from '../support/sandbox.ts';
import { eventually } from '../support/wait.ts';
import { imageFor } from './engine.ts';
import type { ContainerPlan } from './plan.ts';
import { startPod } from './pod.ts';

/** Whom the certificate is for. */
const HOST = 'elsewhere.example';

const PLAN: ContainerPlan = {
  name: 'once',
  image: 'wx-token-sidecar',
  options: ['--cap-drop', 'all'],
  command: ['once', '--timeout', '10s'],
  memoryLimit: Number.NaN,
  probes: {},
  ports: {},
};

it('the image resolves hosts by DNS and /etc/hosts and trusts the configured CA', async (context) => {
  await imageFor(context);
  const certificates = await makeCertificates();
  if (typeof certificates === 'string') return context.skip(certificates);
  const folder = await mkdtemp(join(tmpdir(), 'wx-'));
  context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const files = {
    'key.pem': certificates.elsewhere.key,
    'cert.pem': certificates.elsewhere.cert,
    'authority.pem': certificates.authority,
    knowing: 'nameserver 127.0.0.1\n',
    ignorant: 'nameserver 127.0.0.2\n',
    'no-hosts': '127.0.0.1 localhost\n',
    hosts: `127.0.0.1 localhost ${HOST}\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await copyFile(new URL('./internet.mjs', import.meta.url), join(folder, 'internet.mjs'));

  const pod = await startPod([], [], context.onTestFinished);
  const mounted = (name: string, place: string) => ['--volume', `${join(folder, name)}:${place}:ro`];
  const options = ['--user', '0:0', ...mounted('', '/internet')];
  const internet = await pod.start({
    ...PLAN,
    image: '',
    options,
    entrypoint: ['node'],
    command: ['/internet/internet.mjs'],
  });
  await eventually(async () => (await internet.log()).includes('there'), { for: 'the host' });

  /** Publishes once, with that resolv.conf and those hosts, and tells how that went. */
  async function publish(resolver: string, hosts: string) {
    const container = await pod.start(
      {
        ...PLAN,
        options: [
          ...PLAN.options,
          ...mounted(resolver, '/etc/resolv.conf'),
          ...mounted(hosts, '/etc/hosts'),
          ...mounted('authority.pem', '/etc/authority.pem'),
        ],
      },
      {
        env: {
          WXTOKEN_APPID: TEST_ACCOUNT.appId,
          WXTOKEN_SECRET: TEST_ACCOUNT.secret,
          WXTOKEN_API_BASE_URL: `https://${HOST}`,
          WXTOKEN_CA_FILE: '/etc/authority.pem',
        },
      },
    );
    return { code: await container.ended(), log: await container.log() };
  }

  for (const [resolver, hosts] of [
    ['knowing', 'no-hosts'],
    ['ignorant', 'hosts'],
  ] as const) {
    const { code, log } = await publish(resolver, hosts);
    expect(code, log).toBe(0);
  }
  expect(await pod.fetches()).toHaveLength(2);
  const lost = await publish('ignorant', 'no-hosts');
  expect(lost).toMatchObject({ code: 75, log: expect.stringContaining('ENOTFOUND') });
});

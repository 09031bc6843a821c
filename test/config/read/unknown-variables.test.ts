import { describe, expect, it } from 'vitest';
import { configOf, LEAST, problemsWith } from '../configured.ts';

describe('unknown variables', () => {
  it.each([
    ['WXTOKEN_APP_ID', 'WXTOKEN_APPID'],
    ['WXTOKEN_APPIID', 'WXTOKEN_APPID'],
    ['WXTOKEN_SECRETFILE', 'WXTOKEN_SECRET_FILE'],
    ['WXTOKEN_LOGLEVEL', 'WXTOKEN_LOG_LEVEL'],
    ['WXTOKEN_SCHEDULER', 'WXTOKEN_SCHEDULE'],
    ['WXTOKEN_API_BASEURL', 'WXTOKEN_API_BASE_URL'],
    ['WXTOKEN_API_FALLBACK_URL', 'WXTOKEN_API_FALLBACK_URLS'],
    ['WXTOKEN_TPYE', 'WXTOKEN_TYPE'],
  ])('%s is refused with a suggestion of the right variable', async (name, meant) => {
    expect(await problemsWith({ [name]: 'x' })).toEqual([
      `${name}: is not a variable of this program; did you mean ${meant}?`,
    ]);
  });

  it.each(['WXTOKEN_SOMETHING_ELSE', 'WXTOKEN_', 'WXTOKEN_NOTIFICATION_URL'])(
    '%s is refused without a suggestion',
    async (name) => {
      expect(await problemsWith({ [name]: 'x' })).toEqual([`${name}: is not a variable of this program`]);
    },
  );

  it('the complaint about an unknown variable does not show its value', async () => {
    expect((await problemsWith({ WXTOKEN_SECRETS: 'the-secret-of-this-test' })).join()).not.toContain(
      'of-this-test',
    );
  });
});

describe('variables that Kubernetes injects', () => {
  it.each([
    'WXTOKEN_SERVICE_HOST',
    'WXTOKEN_SERVICE_PORT',
    'WXTOKEN_SERVICE_PORT_METRICS',
    'WXTOKEN_SERVICE_PORT_HTTP_2',
    'WXTOKEN_PORT',
    'WXTOKEN_PORT_9400_TCP',
    'WXTOKEN_PORT_9400_TCP_PROTO',
    'WXTOKEN_PORT_9400_TCP_PORT',
    'WXTOKEN_PORT_9400_TCP_ADDR',
    'WXTOKEN_PORT_53_UDP_ADDR',
    'WXTOKEN_PORT_132_SCTP',
    'WXTOKEN_SANDBOX_SERVICE_HOST',
    'WXTOKEN_SANDBOX_PORT_8866_TCP_ADDR',
    'WXTOKEN_SCHEDULE_PORT',
  ])('%s is accepted as a Service variable of Kubernetes', async (name) => {
    await expect(configOf({ ...LEAST, [name]: 'tcp://10.96.0.1:9400' })).resolves.toBeDefined();
  });

  it.each([
    'WXTOKEN_SERVICE',
    'WXTOKEN_SERVICE_HOSTS',
    'WXTOKEN_PORTS',
    'WXTOKEN_PORT_9400',
    'WXTOKEN_PORT_9400_HTTP',
    'WXTOKEN_PORT_TCP',
    'WXTOKEN_PORT_9400_TCP_HOST',
    'WXTOKEN_PORT_9400_TCP_PORT_HTTP',
    'WXTOKEN_SCHEDULE_PORTS',
    'WXTOKEN_schedule_PORT',
  ])('%s is refused as an unknown variable', async (name) => {
    expect(await problemsWith({ [name]: 'x' })).toEqual([
      expect.stringMatching(new RegExp(`^${name}: is not a variable of this program`)),
    ]);
  });
});

// A worker process of an app. At each message it makes one business call and tells whether that came to something; the
// token it takes from where KIND says: `file` (FILE), `server` (SERVER) or `sdk`, which fetches and keeps its own. Says
// when it can be spoken to.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import WechatApi from 'co-wechat-api';

const { KIND, URL: platform, APP: appid, SECRET: secret, FILE: file, SERVER: server } = process.env;

const tokens = {
  file: async () => readFileSync(file, 'utf8'),
  server: async () => (await (await fetch(server)).json()).accessToken,
};

const sdk = new WechatApi(appid, secret);
sdk.prefix = `${platform}/cgi-bin/`;

async function call() {
  if (KIND === 'sdk') return (await sdk.getIp()).ip_list !== undefined;
  const query = new URLSearchParams({ access_token: await tokens[KIND]() });
  return (await (await fetch(`${platform}/cgi-bin/getcallbackip?${query}`)).json()).ip_list !== undefined;
}

process.on('message', async ({ call: asked }) => {
  if (asked) process.send({ done: await call().catch(() => false) });
});
process.stdout.write('ready\n');

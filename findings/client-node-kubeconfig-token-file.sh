#!/usr/bin/env bash
# @kubernetes/client-node 1.4.0 does not know `tokenFile` of a kubeconfig, and then asks as nobody.
#
# Expected: the token of that file, read again and again, as the format says (AuthInfo, kubernetes.io/docs/reference/
# config-api/kubeconfig.v1, seen 2026-11-28) and as kubectl does; or an error where a key is not known.
# Happens: it looks for a key `token-file`, which the format does not have, and reads that file once. With `tokenFile` the
# request has no Authorization header, so the cluster answers 401 or 403 to system:anonymous; where `token` stands beside
# it, the token of the day on which the file was written is used. 2.0.1 (on Node 24) did the same.
# Hurt: apps that read a published Secret with the kubeconfig with which the daemon and kubectl work.
# docs/kubernetes.md has the form that this client knows.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' >package.json
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0

cat >try.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';

const { version } = JSON.parse(readFileSync('node_modules/@kubernetes/client-node/package.json'));
console.log(`@kubernetes/client-node ${version}`);
let asked;
const server = createServer((request, response) => {
  asked = request.headers.authorization ?? 'nobody';
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'wx-token' } }));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
writeFileSync('token', 'in-the-file');
const tokenFile = `${process.cwd()}/token`;
const users = {
  'token': { token: 'inline' },
  'tokenFile': { tokenFile },
  'token and tokenFile': { token: 'inline', tokenFile },
  'token-file': { 'token-file': tokenFile },
  'auth-provider': { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } },
};
for (const [what, user] of Object.entries(users)) {
  const cluster = { server: `http://127.0.0.1:${server.address().port}`, 'insecure-skip-tls-verify': true };
  writeFileSync(
    'kubeconfig',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'here',
      clusters: [{ name: 'here', cluster }],
      users: [{ name: 'app', user }],
      contexts: [{ name: 'here', context: { cluster: 'here', user: 'app' } }],
    }),
  );
  const config = new KubeConfig();
  config.loadFromFile('kubeconfig');
  await config.makeApiClient(CoreV1Api).readNamespacedSecret({ namespace: 'shop', name: 'wx-token' });
  console.log(`${what}: asked as ${asked}`);
}
process.exit();
JS
said=$(node try.mjs)
echo "$said"
[[ $said == *$'\ntokenFile: asked as nobody\ntoken and tokenFile: asked as Bearer inline\ntoken-file: asked as Bearer in-the-file\nauth-provider: asked as Bearer in-the-file' ]] || {
  echo 'the behaviour has changed' >&2
  exit 1
}

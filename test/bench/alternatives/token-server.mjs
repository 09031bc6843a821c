// The classic example of a token server, as people write it: the token in memory, fetched anew shortly before its end
// when somebody asks. URL, APP and SECRET in the environment; tells its port.
import { createServer } from 'node:http';
import process from 'node:process';

/** Seconds before its end that a token is replaced. */
const MARGIN = 200;

const { URL: platform, APP: appid, SECRET: secret } = process.env;
let kept;

async function token() {
  if (kept && Date.now() < kept.endsAt) return kept.accessToken;
  const query = new URLSearchParams({ grant_type: 'client_credential', appid, secret });
  const answer = await (await fetch(`${platform}/cgi-bin/token?${query}`)).json();
  kept = { accessToken: answer.access_token, endsAt: Date.now() + (answer.expires_in - MARGIN) * 1000 };
  return kept.accessToken;
}

const server = createServer(async (_request, response) => {
  const accessToken = await token();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ code: 200, accessToken }));
});

server.listen(0, '127.0.0.1', () => process.stdout.write(`on 127.0.0.1:${server.address().port}\n`));

// Reads one token from FILE, from a token SERVER and, where there is one, from REDIS (a socket), READS times one after
// another, in turn for so many ROUNDS; prints the µs of a read, by round.
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import process from 'node:process';

const { FILE, SERVER, REDIS, ROUNDS, READS } = process.env;

const agent = new Agent({ keepAlive: true });

function fromServer() {
  return new Promise((resolve, reject) => {
    get(SERVER, { agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece) => {
        text += piece;
      });
      answer.on('end', () => resolve(JSON.parse(text).accessToken));
    }).on('error', reject);
  });
}

/** As little of a client as will do. */
async function openRedis(path) {
  const socket = connect(path);
  socket.setEncoding('utf8');
  const ask = (command) =>
    new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', (text) => {
        socket.removeListener('error', reject);
        resolve(text.split('\r\n')[1]);
      });
      socket.write(command);
    });
  await ask(`SET token ${readFileSync(FILE, 'utf8')}\r\n`);
  return () => ask('GET token\r\n');
}

const ways = {
  file: async () => readFileSync(FILE, 'utf8'),
  server: fromServer,
  ...(REDIS && { redis: await openRedis(REDIS) }),
};

const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
for (let round = -1; round < Number(ROUNDS); round += 1) {
  for (const [way, read] of Object.entries(ways)) {
    const from = performance.now();
    for (let turn = 0; turn < Number(READS); turn += 1) {
      if (!(await read())) throw new Error(`${way}: no token`);
    }
    if (round >= 0) times[way].push(((performance.now() - from) * 1000) / Number(READS));
  }
}
process.stdout.write(`times ${JSON.stringify(times)}\n`, () => process.exit(0));

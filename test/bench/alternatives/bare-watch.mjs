// The least that follows a token: hears of a change, reads what has changed, and puts the token into a file in one step.
// MEDIUM, FILE and what that medium takes in the environment.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, watch, writeSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

const { MEDIUM, FILE, RECORD, URL: address, AUTHORIZATION, KEY, SOCKET, CHANNEL } = process.env;
const folder = openSync(dirname(FILE), 'r');
let written;

function publish(token) {
  if (!token || token === written) return;
  written = token;
  const file = openSync(`${FILE}.new`, 'w', 0o640);
  writeSync(file, token);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${FILE}.new`, FILE);
  fsyncSync(folder);
}

const ready = () => process.stdout.write('ready\n');

const follow = {
  folder() {
    const look = () => publish(JSON.parse(readFileSync(RECORD, 'utf8')).token?.value);
    watch(dirname(RECORD), (_, name) => name === basename(RECORD) && look());
    look();
    ready();
  },
  secret() {
    get(address, { headers: { authorization: AUTHORIZATION } }, (answer) => {
      if (answer.statusCode !== 200) throw new Error(`${address}: ${answer.statusCode}`);
      createInterface({ input: answer }).on('line', (line) => {
        publish(Buffer.from(JSON.parse(line).object.data?.[KEY] ?? '', 'base64').toString());
      });
      ready();
    });
  },
  redis() {
    const reading = connect(SOCKET).setEncoding('utf8');
    const telling = connect(SOCKET).setEncoding('utf8');
    // An answer is `$LENGTH`, and the text in a line of its own; of a Unix socket one this small comes in one piece.
    reading.on('data', (answer) => publish(JSON.parse(answer.split('\r\n')[1]).token?.value));
    telling.on('data', () => reading.write(`GET ${RECORD}\r\n`));
    telling.once('data', ready);
    telling.write(`SUBSCRIBE ${CHANNEL}\r\n`);
  },
};

follow[MEDIUM]();

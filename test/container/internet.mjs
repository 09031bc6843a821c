// What lies beyond a pod: name servers, of which the first knows one host, and that host, which hands on to the platform.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createServer } from 'node:tls';

const A_RECORD = 1;

/** Of RFC 1035: the question again, and the address 127.0.0.1 where one is known and asked for. */
function answerTo(query, known) {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  end += 5;
  const isFound = known && query.readUInt16BE(end - 4) === A_RECORD;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  [1, isFound ? 1 : 0, 0, 0].forEach((count, at) => {
    header.writeUInt16BE(count, 4 + 2 * at);
  });
  const record = Buffer.from('c00c00010001000000000004' + '7f000001', 'hex');
  return Buffer.concat([header, query.subarray(12, end), ...(isFound ? [record] : [])]);
}

for (const [address, known] of Object.entries({ '127.0.0.1': true, '127.0.0.2': false })) {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address: from }) => socket.send(answerTo(query, known), port, from));
  socket.bind(53, address);
}

const read = (name) => readFileSync(new URL(name, import.meta.url));
createServer({ key: read('key.pem'), cert: read('cert.pem') }, (socket) => {
  const platform = connect(8866, '127.0.0.1');
  for (const end of [socket, platform]) end.on('error', () => {});
  socket.pipe(platform).pipe(socket);
}).listen(443, '127.0.0.1', () => process.stdout.write('there\n'));

// Loaded into a daemon under test: it stops itself, as SIGSTOP does, directly before it does what the file FREEZE_FLAG
// says, once: {"port", "at": "connect" or "write", "text": what a write has to hold}.
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';

const { FREEZE_FLAG: flag = '' } = process.env;
const { connect, write } = Socket.prototype;

function stopIf(isMeant) {
  if (!existsSync(flag) || !isMeant(JSON.parse(readFileSync(flag, 'utf8')))) return;
  unlinkSync(flag);
  process.kill(process.pid, 'SIGSTOP');
}

Socket.prototype.connect = function (...args) {
  const [options] = args.flat();
  stopIf(({ port, at }) => at === 'connect' && Number(options?.port) === port);
  return connect.apply(this, args);
};

Socket.prototype.write = function (...args) {
  stopIf(
    ({ port, at, text = '' }) => at === 'write' && this.remotePort === port && String(args[0]).includes(text),
  );
  return write.apply(this, args);
};

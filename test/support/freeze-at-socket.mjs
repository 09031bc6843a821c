// Loaded into a daemon under test: it stops itself, as SIGSTOP does, directly before it writes to a socket of the port
// FREEZE_PORT for as long as the file FREEZE_FLAG is there, and removes that.
import { existsSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';

const { FREEZE_PORT: port, FREEZE_FLAG: flag = '' } = process.env;
const { write } = Socket.prototype;

Socket.prototype.write = function (...args) {
  if (this.remotePort === Number(port) && existsSync(flag)) {
    unlinkSync(flag);
    process.kill(process.pid, 'SIGSTOP');
  }
  return write.apply(this, args);
};

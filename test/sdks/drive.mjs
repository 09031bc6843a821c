// Imported by an app under test: uses an SDK until the process is ended, and says what came of each call in a line.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const PAGE = 'https://shop.example/';

/**
 * @param call one business call; throws, or returns an answer with an errcode, when it is refused
 * @param sign signs a page; what the SDK returns of it, or several
 * @param ticket the file of the ticket that it has to be signed with
 */
export async function drive(call, sign, ticket) {
  for (;;) {
    say(await call().then(refusalIn, messageOf));
    if (sign) say(await signed(sign, ticket).catch(messageOf));
    await pause(20);
  }
}

const say = (line) => process.stdout.write(`${line}\n`);

const refusalIn = (answer) => (answer?.errcode ? `refused: ${answer.errcode}` : 'answered');

const messageOf = (error) => `refused: ${error.code ?? error.message}`;

/** The ticket may be replaced meanwhile: that of before and that of after are both right. */
async function signed(sign, ticket) {
  const before = readFileSync(ticket, 'utf8');
  const signatures = [await sign(PAGE)].flat();
  const tickets = [before, readFileSync(ticket, 'utf8')];
  const isRight = ({ nonceStr, timestamp, signature }) =>
    tickets
      .map((value) => `jsapi_ticket=${value}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${PAGE}`)
      .some((text) => createHash('sha1').update(text).digest('hex') === signature);
  return signatures.length > 0 && signatures.every(isRight) ? 'signed' : 'signed with another ticket';
}

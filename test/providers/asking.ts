import { inspect } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import type { Answer } from '../../src/core/credential.ts';
import { EdgeError } from '../../src/core/failure.ts';
import type { Clock } from '../../src/core/ports.ts';
import { Secret } from '../../src/core/secret.ts';
import { bound, createPlatform, createTransport, kindOf } from '../../src/providers/index.ts';
import type { TransportOptions } from '../../src/providers/transport.ts';
import { systemClock } from '../../src/system/time/clock.ts';
import type { CredentialType } from '../support/kinds.ts';

export const APPID = 'wx0000000000000000';

/** With everything that URLs and JSON write in another way. */
export const SECRET = 'AppSecret+of/this=test&100%"?#';

/** What a server says that gives a token away. */
export const TOKEN = '76_aToken-that-must-be-in-no-error';
export const GOOD = JSON.stringify({ access_token: TOKEN, expires_in: 7200 });

/** Far more than an answer on loopback takes, however busy the machine is, ms. */
export const PATIENCE = 120_000;

/** For a request whose answer never comes: by then it has been sent, also on a busy machine, ms. */
export const SENT_BY = 2_000;

interface Request {
  readonly forced?: boolean;
  readonly signal?: AbortSignal;
  readonly permit?: () => boolean;
}

export interface Asker {
  readonly fetch: (request?: Request) => Promise<Answer>;
  /** The error that a fetch ends with. Whatever way it is printed, it shows neither secret nor token. */
  readonly failure: (request?: Request) => Promise<EdgeError>;
  readonly close: () => Promise<void>;
}

export interface AskOptions extends Partial<TransportOptions> {
  readonly clock?: Clock;
  readonly secret?: () => Promise<Secret>;
}

/** Something that fetches tokens from these hosts, the preferred one first, as the daemon does. */
export function asking(
  type: CredentialType,
  hosts: readonly string[] | string,
  { clock = systemClock, secret = async () => new Secret(SECRET), ...options }: AskOptions = {},
): Asker {
  const transport = createTransport({ timeout: PATIENCE, ...options });
  onTestFinished(() => transport.close());
  const platform = createPlatform(kindOf(type).family, [hosts].flat(), transport, clock);
  const provider = bound(kindOf(type), { appId: APPID, secret, platform });
  const fetch = ({ forced = false, signal = new AbortController().signal, permit }: Request = {}) =>
    provider.fetch({ forced, signal, ...(permit && { permit }) });

  return {
    fetch,
    close: () => transport.close(),
    async failure(request) {
      const error = await fetch(request).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof EdgeError)) throw new Error(`it ended with ${inspect(error)}`);
      expectNoSecret(error);
      return error;
    },
  };
}

/** What tells a failure from another: its code, and what it may have done on the platform's side. */
export function judged({ code, failure }: EdgeError): string {
  expect(code).toBe(failure.code);
  return `${failure.code}, ${failure.effect}`;
}

function expectNoSecret(error: EdgeError): void {
  const shown = [
    String(error),
    error.stack ?? '',
    JSON.stringify(error),
    JSON.stringify(error.failure),
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
    inspect(error, { depth: 8, showHidden: true, maxStringLength: null, maxArrayLength: null }),
  ].join('\n');
  const forms = [
    SECRET,
    encodeURIComponent(SECRET),
    new URLSearchParams({ '': SECRET }).toString().slice(1),
    JSON.stringify(SECRET).slice(1, -1),
    Buffer.from(SECRET).toString('base64'),
    TOKEN,
  ];
  for (const form of forms) expect(shown).not.toContain(form);
}

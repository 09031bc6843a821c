import type { IncomingMessage } from 'node:http';

/** One request to the platform as plain data, so that a simulation can ask without HTTP. */
export interface PlatformRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
  /** Address of the caller, which the IP whitelist is compared with. */
  readonly ip: string;
}

export interface PlatformAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly trace: Trace;
}

/** What a call came to. It holds the token itself: hash it before it is shown to anyone. */
export interface Trace {
  readonly force: boolean;
  /** 0 on success, null where the answer is not JSON. */
  readonly errcode: number | null;
  /** The token issued, else the one presented. */
  readonly token: string | null;
}

/** The two platforms give one code different meanings, and word their messages differently. */
export type Family = 'official' | 'wecom';

export interface Refusal {
  readonly family: Family;
  readonly errcode: number;
}

export interface Grant {
  readonly body: Readonly<Record<string, unknown>>;
  /** Absent where the call hands out no access token. */
  readonly token?: string;
}

export type Outcome = Grant | Refusal;

export function refuse(family: Family, errcode: number): Refusal {
  return { family, errcode };
}

export function isRefusal(value: object): value is Refusal {
  return 'errcode' in value && 'family' in value;
}

/**
 * The parameters of a call: the query of a GET, the JSON body of a POST over its query (recent pages of
 * "Get access token" allow both places). Undefined when the body is no JSON object.
 */
export function parametersOf(request: PlatformRequest): Readonly<Record<string, unknown>> | undefined {
  if (request.method !== 'POST' || request.body === '') return request.query;
  try {
    const body: unknown = JSON.parse(request.body);
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
    return { ...request.query, ...body };
  } catch {
    return undefined;
  }
}

/** A parameter as text; an empty one and one of another type count as missing. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The body as text; undefined when it is longer than `limit` bytes, which are all that is ever kept of it. */
export async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Read to its end all the same: leaving the loop would destroy the connection, and the answer with it.
    if (size <= limit) chunks.push(bytes);
  }
  return size > limit ? undefined : Buffer.concat(chunks).toString('utf8');
}

/** Neither Content-Length nor an end in sight: the platform's gateway answers such a POST with 412 (field reports). */
export function isChunkedPost({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && headers['transfer-encoding'] !== undefined;
}

/** Why a sandbox did not start. */
export type SandboxErrorCode = 'SANDBOX_NOT_LOOPBACK' | 'SANDBOX_ADDRESS_IN_USE' | 'SANDBOX_ADDRESS_UNUSABLE';

/** The message is one line for a person. */
export class SandboxError extends Error {
  readonly code: SandboxErrorCode;

  constructor(code: SandboxErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SandboxError';
    this.code = code;
  }
}

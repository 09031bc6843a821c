import type { IncomingMessage } from 'node:http';
import type { Text } from '../core/text.ts';

/** A request to the platform as plain data, so that a simulation can call it without HTTP. */
export interface PlatformRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: string;
  /** Address of the caller, to compare with the IP whitelist. */
  readonly ip: string;
}

/** The HTTP response to a call, with the facts for the journal. */
export interface PlatformAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly trace: Trace;
}

/** Facts about a call for the journal. It contains the token itself: hash it before showing it. */
export interface Trace {
  readonly force: boolean;
  /** 0 on success; null if the response is not JSON. */
  readonly errcode: number | null;
  /** The token issued, otherwise the token presented. */
  readonly token: string | null;
}

/** The platforms give the same code different meanings, and word their messages differently. */
export type Family = 'official' | 'wecom' | 'qq';

/** A call that the platform refuses with an error code. */
export interface Refusal {
  readonly family: Family;
  readonly errcode: number;
}

/** A call that the platform answers without an error. */
export interface Grant {
  readonly body: Readonly<Record<string, unknown>>;
  /** Absent if the call issues no access token. */
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
 * Returns the parameters of a call: the query, overridden by the JSON body of a POST (recent pages of "Get access
 * token" allow both places). Undefined if the body is no JSON object.
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

/** Returns the parameters of the JSON body alone; undefined if it is no JSON object, or empty. */
export function bodyParametersOf(request: PlatformRequest): Readonly<Record<string, unknown>> | undefined {
  return request.body === '' ? undefined : parametersOf({ ...request, query: {} });
}

/** Returns a parameter as text; undefined if it is empty or of another type. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Reads the body as text, keeping at most `limit` bytes; undefined if it is longer. */
export async function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Read on to the end: leaving the loop would destroy the connection, and the response with it.
    if (size <= limit) chunks.push(bytes);
  }
  return size > limit ? undefined : Buffer.concat(chunks).toString('utf8');
}

/**
 * Whether a POST is chunked, without Content-Length: the platform's gateway answers it with 412
 * (docs/wechat-facts.md, "Transport").
 */
export function isChunkedPost({ method, headers }: IncomingMessage): boolean {
  return method === 'POST' && headers['transfer-encoding'] !== undefined;
}

/** Why a sandbox did not start. */
export type SandboxErrorCode = 'SANDBOX_NOT_LOOPBACK' | 'SANDBOX_ADDRESS_IN_USE' | 'SANDBOX_ADDRESS_UNUSABLE';

/** Its message is one line for the user, in English; `told` is that line in every language. */
export class SandboxError extends Error {
  readonly code: SandboxErrorCode;
  readonly told: Text;

  constructor(code: SandboxErrorCode, told: Text, options?: ErrorOptions) {
    super(told.en, options);
    this.name = 'SandboxError';
    this.code = code;
    this.told = told;
  }
}

/** An answer that is no object: `meta/v1` Status. */
export interface Refused {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** JSON unless it says otherwise. */
  readonly contentType?: string;
}

export interface Cause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

/** What a rule says no with. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly refused: Refused;

  constructor(status: number, reason: string, message: string, details?: Readonly<Record<string, unknown>>) {
    super(message);
    const head = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' };
    const body = { ...head, message, ...(reason && { reason }), ...(details && { details }), code: status };
    this.refused = { status, body };
  }
}

/** Whose object it is, in the words of messages. */
export interface About {
  readonly resource: string;
  readonly group: string;
  readonly name: string;
}

const titleOf = ({ resource, group }: About) => (group === '' ? resource : `${resource}.${group}`);
const detailsOf = ({ resource, group, name }: About) => ({ name, ...(group && { group }), kind: resource });

export function notFound(about: About): Refusal {
  return new Refusal(404, 'NotFound', `${titleOf(about)} "${about.name}" not found`, detailsOf(about));
}

export function conflict(about: About): Refusal {
  const message =
    `Operation cannot be fulfilled on ${titleOf(about)} "${about.name}": the object has been modified; ` +
    'please apply your changes to the latest version and try again';
  return new Refusal(409, 'Conflict', message, detailsOf(about));
}

export function invalid(about: About, causes: readonly Cause[]): Refusal {
  const said = causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
  const message = `${titleOf(about)} "${about.name}" is invalid: ${said}`;
  return new Refusal(422, 'Invalid', message, { ...detailsOf(about), causes });
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, 'BadRequest', message);
}

export function unauthorized(): Refusal {
  return new Refusal(401, 'Unauthorized', 'Unauthorized');
}

export function forbidden(about: About, user: string, verb: string, namespace: string): Refusal {
  const message =
    `${titleOf(about)}${about.name && ` "${about.name}"`} is forbidden: User "${user}" cannot ${verb} resource ` +
    `"${about.resource}" in API group "${about.group}" in the namespace "${namespace}"`;
  return new Refusal(403, 'Forbidden', message, detailsOf(about));
}

/** A policy of the cluster says no; one cause, without field or reason. */
export function deniedByPolicy(about: About, policy: string): Refusal {
  const why = `ValidatingAdmissionPolicy '${policy}' with binding '${policy}' denied request: not here`;
  const message = `${titleOf(about)} "${about.name}" is forbidden: ${why}`;
  return new Refusal(422, 'Invalid', message, { ...detailsOf(about), causes: [{ message: why }] });
}

/** Of a server that gave up by itself: JSON without `kind`, and said to be text. */
export const GAVE_UP: Refused = {
  status: 504,
  contentType: 'text/plain; charset=utf-8',
  body: {
    metadata: {},
    status: 'Failure',
    message: 'Timeout: request did not complete',
    reason: 'Timeout',
    code: 504,
  },
};

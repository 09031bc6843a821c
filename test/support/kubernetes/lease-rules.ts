import { type About, badRequest, type Cause, invalid } from './status.ts';
import type { Thing } from './store.ts';

const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{6})(Z|[+-]\d\d:\d\d)$/;

/**
 * What a Lease has to be. What does not decode is a bad request in a PUT and an invalid object in a patch.
 * @param isPatch how it came
 */
export function checkedLease(about: About, thing: Thing, isPatch: boolean): Thing {
  const spec = { ...(typeof thing['spec'] === 'object' ? thing['spec'] : {}) } as Record<string, unknown>;
  const undecodable = (field: string, message: string) =>
    isPatch
      ? invalid(about, [{ reason: 'FieldValueInvalid', message, field: 'patch' }])
      : badRequest(`${field}: ${message}`);

  for (const field of ['acquireTime', 'renewTime']) {
    const value = spec[field];
    if (value === undefined) continue;
    const [, digits] = MICRO_TIME.exec(String(value)) ?? [];
    if (digits === undefined)
      throw undecodable(field, `parsing time "${value}" as "2006-01-02T15:04:05.000000Z07:00"`);
    // Stored in UTC.
    spec[field] = `${new Date(String(value)).toISOString().slice(0, 19)}.${digits}Z`;
  }
  for (const field of ['leaseDurationSeconds', 'leaseTransitions']) {
    if (spec[field] !== undefined && !Number.isInteger(spec[field]))
      throw undecodable(field, 'not an integer');
  }
  const causes: Cause[] = [];
  const { leaseDurationSeconds: seconds, leaseTransitions: transitions } = spec;
  if (typeof seconds === 'number' && seconds <= 0)
    causes.push(tooSmall('leaseDurationSeconds', 'greater than 0'));
  if (typeof transitions === 'number' && transitions < 0) {
    causes.push(tooSmall('leaseTransitions', 'greater than or equal to 0'));
  }
  if (causes.length > 0) throw invalid(about, causes);
  return { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', ...thing, spec };
}

function tooSmall(field: string, what: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: must be ${what}`, field: `spec.${field}` };
}

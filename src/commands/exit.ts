/** The exit codes, on which scripts of users rely. Those from 64 on are from sysexits.h. */
export const EXIT = {
  ok: 0,
  unexpected: 1,
  /** `status`: a credential is missing, dead or unreadable. */
  unhealthy: 3,
  /** EX_TEMPFAIL: a passing fault. */
  passing: 75,
  /** EX_NOPERM: the platform refuses, and a person must act. */
  refused: 77,
  /** EX_CONFIG: bad configuration or arguments. */
  badConfig: 78,
} as const;

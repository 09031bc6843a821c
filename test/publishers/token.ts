import type { Token } from '../../src/core/credential.ts';
import { Secret } from '../../src/core/secret.ts';

/** A token of two hours, got at 2026-01-01T00:00:00.999Z. */
export function aToken(value: string, changes: Partial<Token> = {}): Token {
  const issuedAt = Date.UTC(2026, 0, 1, 0, 0, 0, 999);
  return {
    value: new Secret(value),
    expiresIn: 7200,
    issuedAt,
    expiresAt: issuedAt + 7_200_000,
    generation: 1,
    ...changes,
  };
}

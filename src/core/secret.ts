const REDACTED = '[redacted]';

/**
 * A string that must not be seen: an AppSecret, a token. However it is printed, serialised, concatenated or
 * inspected it reads `[redacted]`; only {@link Secret.reveal} hands out the value, and its callers are few.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}

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

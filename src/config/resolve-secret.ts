import { failureOf } from '../core/failure.ts';
import type { Secret } from '../core/secret.ts';
import type { SecretSource } from './config.ts';
import type { Context } from './context.ts';
import type { KeyPath } from './key-path.ts';
import type { CredentialSettings } from './schema-credential.ts';
import { parseSecret, readSecretFile } from './secret-file.ts';
import { LITERAL_SECRETS } from './stray-keys.ts';

export interface FoundSecret {
  readonly source?: SecretSource;
  /** What it is now. */
  readonly secret?: Secret;
}

/** Finds the AppSecret of a credential; what is wrong with it is told, and never shown. */
export async function findSecret(
  { type, secretFile, secretEnv }: CredentialSettings,
  at: KeyPath,
  context: Context,
): Promise<FoundSecret> {
  const [inFile, inVariable] = [
    [...at, 'secretFile'],
    [...at, 'secretEnv'],
  ];
  if (secretFile !== undefined && secretEnv !== undefined) {
    context.complain(inVariable, 'cannot stand beside secretFile: say one of them');
  }
  if (secretFile !== undefined) {
    try {
      return { source: { file: secretFile }, secret: await readSecretFile(secretFile) };
    } catch (error) {
      // A corp has a token for each secret, so without that it is not known whose.
      if (context.fetches || type === 'wecom') context.complain(inFile, failureOf(error, 'unsent').message);
      return { source: { file: secretFile } };
    }
  }
  if (secretEnv !== undefined) return fromVariable(secretEnv, inVariable, context);
  const said = ['secretFile', 'secretEnv', ...LITERAL_SECRETS];
  if (!said.some((name) => context.isWrong([...at, name]))) {
    context.complain(inFile, `is required, or ${context.brief(inVariable)}: where the AppSecret is`);
  }
  return {};
}

/** The name is not repeated: it may be the secret itself, in the wrong place. */
function fromVariable(name: string, at: KeyPath, context: Context): FoundSecret {
  const text = context.environment[name];
  if (text === undefined || text === '') {
    context.complain(at, 'names a variable that is not set');
    return {};
  }
  const { secret, problem } = parseSecret(text);
  if (secret) return { source: { value: secret }, secret };
  context.complain(at, problem);
  return {};
}

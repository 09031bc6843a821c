import type { Fetched } from '../core/credential.ts';
import { EdgeError, textsOf } from '../core/failure.ts';
import type { FetchRequest, Provider } from '../core/ports.ts';
import { en, type Text, zh } from '../core/text.ts';
import { oddity } from '../schema/odd-text.ts';
import { Bound } from './bound.ts';
import type { CredentialKind, Source } from './kind.ts';

/** The platform does not know the AppID or CorpID (docs/wechat-facts.md, "Error codes"). */
const UNKNOWN_ID = 40013;

/**
 * Creates the provider of a credential. Where the platform refuses the id or the AppSecret, its failure also says what
 * is odd about the one that was sent: whoever made a slip in copying looks there last.
 */
export function providerOf(kind: CredentialKind, source: Source): Provider {
  return new Explained(kind, source);
}

class Explained extends Bound<Source, CredentialKind> {
  override async fetch(request: FetchRequest): Promise<Fetched> {
    try {
      return await super.fetch(request);
    } catch (error) {
      throw await explain(error, this.kind, this.source);
    }
  }
}

async function explain(error: unknown, kind: CredentialKind, source: Source): Promise<unknown> {
  if (!(error instanceof EdgeError) || error.failure.errcode === undefined) return error;
  const { failure } = error;
  const hint =
    failure.errcode === UNKNOWN_ID
      ? aboutId(kind, source.appId)
      : failure.blamesSecret
        ? await aboutSecret(kind, source)
        : undefined;
  if (hint === undefined) return error;
  const { message, advice } = textsOf(failure);
  const both = advice ? { en: en`${hint} ${advice}`, zh: zh`${hint}${advice}` } : hint;
  return new EdgeError({ ...failure, message, advice: both }, { cause: error });
}

function aboutId({ id, idWarning }: CredentialKind, appId: string): Text | undefined {
  const odd = idWarning?.(appId);
  return odd && { en: en`Look at the ${id.label}: ${odd}.`, zh: zh`检查 ${id.label}：${odd}。` };
}

async function aboutSecret({ secretShape }: CredentialKind, { secret }: Source): Promise<Text | undefined> {
  const value = await secret().catch(() => undefined);
  const odd = value && secretShape && oddity(value.reveal(), secretShape, true);
  // No colon behind the name of a secret: the log takes what follows one for its value.
  return odd && { en: en`Look at the AppSecret; ${odd}.`, zh: zh`检查 AppSecret；${odd}。` };
}

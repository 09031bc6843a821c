import type { Fetched, Token } from '../core/credential.ts';
import type { FetchRequest, Probe, Provider } from '../core/ports.ts';
import type { Calls } from './kind.ts';

/** Makes the provider of one list or ticket: the calls of its kind, and what they are made for. */
export function bound<S>(kind: { readonly calls: Calls<S> }, source: S): Provider {
  return new Bound(kind, source);
}

/**
 * Calls of a kind with what they are made for. Those that a kind may lack are there where its kind has them; each is bound
 * when somebody asks for it, so that thousands of accounts hold no functions.
 */
export class Bound<S, K extends { readonly calls: Calls<S> }> implements Provider {
  protected readonly kind: K;
  protected readonly source: S;

  constructor(kind: K, source: S) {
    this.kind = kind;
    this.source = source;
  }

  async fetch(request: FetchRequest): Promise<Fetched> {
    return this.kind.calls.fetch(this.source, request);
  }

  probe(token: Token, signal: AbortSignal): Promise<Probe> {
    return this.kind.calls.probe(this.source, token, signal);
  }

  get startPushes(): Provider['startPushes'] {
    return this.kind.calls.startPushes?.bind(undefined, this.source);
  }

  get exchangeCode(): Provider['exchangeCode'] {
    return this.kind.calls.exchangeCode?.bind(undefined, this.source);
  }

  get obtainPermanentCode(): Provider['obtainPermanentCode'] {
    return this.kind.calls.obtainPermanentCode?.bind(undefined, this.source);
  }

  get readGrants(): Provider['readGrants'] {
    return this.kind.calls.readGrants?.bind(undefined, this.source);
  }
}

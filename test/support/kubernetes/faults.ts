/** What happens to one request. */
export type Fault = { readonly method?: string } /** It is obeyed, and no answer ever comes. */ & (
  | { readonly kind: 'lose-answer' }
  /** It is obeyed, and the connection breaks. */
  | { readonly kind: 'cut-answer' }
  /** The connection breaks, and nothing is done. */
  | { readonly kind: 'cut' }
  /** It is obeyed after so many ms. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The server gives up: 504 in its own form, and nothing is done. */
  | { readonly kind: 'give-up' }
  /** Somebody else does something directly before it is obeyed. */
  | { readonly kind: 'before'; readonly work: () => void }
  /** Something else answers. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
);

export interface Faults {
  /** These befall the next requests, each one; those with a method the next of that method. */
  next(...faults: readonly Fault[]): void;
  /** The one that befalls this request. */
  take(method: string): Fault | undefined;
}

export function createFaults(): Faults {
  const list: Fault[] = [];
  return {
    next: (...faults) => void list.push(...faults),
    take(method) {
      const index = list.findIndex((fault) => (fault.method ?? method) === method);
      return index < 0 ? undefined : list.splice(index, 1)[0];
    },
  };
}

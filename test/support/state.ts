import type { State } from '../../src/core/state/index.ts';

type Merged = 'record' | 'store' | 'life' | 'attempts' | 'request';

/** What is to be different in a state; of these slices only the fields that are given. */
export type Changes = Partial<Omit<State, Merged>> & { readonly [Slice in Merged]?: Partial<State[Slice]> };

/** The state with these changes. */
export function changed(state: State, changes: Changes): State {
  const { record, store, life, attempts, request } = changes;
  return {
    ...state,
    ...changes,
    record: { ...state.record, ...record },
    store: { ...state.store, ...store },
    life: { ...state.life, ...life },
    attempts: { ...state.attempts, ...attempts },
    request: { ...state.request, ...request },
  };
}

/** Where the pushes of a component or a suite go, and how, as its console says. */
export interface PushReceiver {
  readonly url: string;
  /** Signs the pushes. */
  readonly token: string;
  /** Encrypts the pushes. */
  readonly encodingAesKey: string;
  /** The key before: pushes that were under way when it was changed still bear it. */
  readonly previous: { readonly encodingAesKey: string; readonly pushes: number } | undefined;
  /** Time between two tickets, ms; the platform's rhythm is ten minutes. */
  readonly every: number;
  /** Whether the gaps are from half of that to one and a half. */
  readonly isIrregular: boolean;
  /** How often each push is sent again, as it was. */
  readonly duplicates: number;
}

/** One push that was sent, and what came of it. */
export interface Delivery {
  /** Epoch ms on the sandbox's clock. */
  readonly at: number;
  readonly infoType: string;
  /** Bytes of padding, 1 to 32. */
  readonly pad: number;
  /** Status of the answer; null if there was none. */
  readonly status: number | null;
  /** Beginning of the answer, or why there was none. */
  readonly answer: string;
}

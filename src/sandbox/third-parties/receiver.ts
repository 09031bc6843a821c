/** Where the pushes of a component or a suite go, and how, as its console says. */
export interface PushReceiver {
  readonly url: string;
  /** Signs the pushes. */
  readonly token: string;
  /** Encrypts the pushes. */
  readonly encodingAesKey: string;
}

/** Something that the platform pushes to the receiver of a component or a suite. */
export interface Notice {
  readonly receiver: Receiver;
  readonly infoType: string;
  /** Epoch ms. */
  readonly at: number;
  /** Elements of the message after `InfoType`, in this order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Who receives pushes, by kind and id. */
export interface Receiver {
  readonly kind: 'component' | 'suite';
  readonly id: string;
}

/** A receiver as the key of a map. */
export function receiverKey({ kind, id }: Receiver): string {
  return `${kind}/${id}`;
}

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

/** The message of a notice, in the spelling of the documentation's samples. */
export function noticeText({ receiver, infoType, at, fields }: Notice): string {
  const seconds = String(Math.floor(at / 1000));
  const head =
    receiver.kind === 'component'
      ? [element('AppId', receiver.id), `<CreateTime>${seconds}</CreateTime>`, element('InfoType', infoType)]
      : // The blank before the value is in the documentation's sample.
        [
          element('SuiteId', receiver.id),
          `<InfoType> <![CDATA[${infoType}]]></InfoType>`,
          `<TimeStamp>${seconds}</TimeStamp>`,
        ];
  return `<xml>\n${[...head, ...fields.map(([name, value]) => element(name, value))].join('\n')}\n</xml>`;
}

function element(name: string, value: string): string {
  return /^\d+$/.test(value) ? `<${name}>${value}</${name}>` : `<${name}><![CDATA[${value}]]></${name}>`;
}

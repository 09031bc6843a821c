/** Parameters whose values nobody else may see. */
const CONFIDENTIAL = /secret|access_token/i;

/**
 * A text of the platform without what it repeats of a request: its errors may quote what they were asked with, as it is
 * or as it was written in a URL.
 */
export function withoutEcho(
  text: string,
  { query = {}, body = {} }: { readonly query?: Readonly<Record<string, string>>; readonly body?: object },
): string {
  const sent = Object.entries({ ...body, ...query }).flatMap(([name, value]) =>
    CONFIDENTIAL.test(name) && typeof value === 'string' && value !== '' ? [value] : [],
  );
  return sent
    .flatMap((value) => [
      value,
      encodeURIComponent(value),
      new URLSearchParams({ value }).toString().slice(6),
    ])
    .reduce((rest, written) => rest.replaceAll(written, '[redacted]'), text);
}

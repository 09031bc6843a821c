// Whoever hands on code of others hands on their licences with it.

/** The licences of these packages, whole, each under the name of its package. */
export function licencesOf(packages) {
  return packages
    .map(({ name, version, licence, texts }) => {
      const whole = texts.map((text) => `${text.replaceAll('\r\n', '\n').trim()}\n`).join('\n');
      return `== ${name} ${version} (${licence})\n\n${whole}`;
    })
    .join('\n');
}

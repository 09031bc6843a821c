// Whoever hands on code of others hands on their licences with it.

/** The licences of these packages, whole, each under the name of its package, and of what else lies in them. */
export function licencesOf(packages) {
  return packages
    .flatMap(({ name, version, licence, texts, unnamed }) => [
      under(`${name} ${version} (${licence})`, texts),
      ...unnamed.map((inner) => under(`${inner.name} in ${name} ${version} (${inner.licence})`, inner.texts)),
    ])
    .join('\n');
}

function under(heading, texts) {
  const whole = texts.map((text) => `${text.replaceAll('\r\n', '\n').trim()}\n`).join('\n');
  return `== ${heading}\n\n${whole}`;
}

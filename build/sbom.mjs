// What the bundle is made of, for those who look for known holes in it: CycloneDX 1.6.

/**
 * The same for the same sources, on any day and machine: no serial number, and no time but the one that
 * SOURCE_DATE_EPOCH gives.
 * @param program what package.json says
 * @param packages those of `packagesOf`, the program itself among them
 * @param builtAt epoch seconds; left out when undefined
 */
export function sbomOf(program, packages, builtAt) {
  const itself = { ...program, path: '', licence: program.license };
  const refs = new Map(packages.map((one) => [one.path, purlOf(one.path === '' ? itself : one)]));
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      ...(builtAt !== undefined && { timestamp: new Date(builtAt * 1000).toISOString() }),
      lifecycles: [{ phase: 'build' }],
      component: { ...componentOf(itself, 'application'), description: program.description },
    },
    components: packages.filter(({ path }) => path !== '').map((one) => componentOf(one, 'library')),
    dependencies: packages.map(({ path, needs }) => ({
      ref: refs.get(path),
      dependsOn: needs.map((need) => refs.get(need)),
    })),
  };
}

function componentOf(one, type) {
  const [name, group] = one.name.split('/').reverse();
  return {
    type,
    'bom-ref': purlOf(one),
    ...(group && { group }),
    name,
    version: one.version,
    licenses: licencesOf(one),
    purl: purlOf(one),
    ...(one.integrity && { hashes: one.integrity.split(' ').map(hashOf) }),
    ...(one.unnamed?.length > 0 && { components: one.unnamed.map((inner) => partOf(inner, one)) }),
  };
}

/** What a package holds of others. */
const partOf = ({ name, purl, licence }, whole) => ({
  type: 'library',
  'bom-ref': `${purlOf(whole)}#${name}`,
  name,
  licenses: licencesOf({ licence }),
  purl,
});

const licencesOf = ({ licence }) => [
  /[\s(]/.test(licence) ? { expression: licence } : { license: { id: licence } },
];

/** Of the package as npm hands it out: what the lock file holds. */
function hashOf(integrity) {
  const [algorithm, digest] = integrity.split(/-(.*)/s);
  return {
    alg: algorithm.toUpperCase().replace('SHA', 'SHA-'),
    content: Buffer.from(digest, 'base64').toString('hex'),
  };
}

const purlOf = ({ name, version }) => `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`;

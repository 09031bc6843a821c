import { expect } from 'vitest';
import { listOf, type PodPart, partOf } from './manifests.ts';

/** @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted */
export function expectRestricted({ spec, containers }: PodPart): void {
  const general = partOf(spec, 'securityContext');
  expect(spec['shareProcessNamespace']).toBeUndefined();
  for (const container of containers) {
    const own = partOf(container, 'securityContext');
    expect({ ...general, ...own }, String(container['name'])).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(own, String(container['name'])).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(Number(own['runAsUser'] ?? general['runAsUser'])).toBeGreaterThan(0);
  }
}

export function expectResources({ containers }: PodPart): void {
  for (const { resources, name } of containers) {
    expect(resources, String(name)).toMatchObject({
      requests: { cpu: expect.stringMatching(/m$/), memory: expect.stringMatching(/Mi$/) },
      limits: { memory: expect.stringMatching(/Mi$/) },
    });
  }
}

export function expectApiAccess({ spec }: PodPart, isNeeded: boolean): void {
  expect(spec['automountServiceAccountToken']).toBe(isNeeded);
}

/** @param isOurs whether an image is that of the program */
export function expectTokensInMemory(
  { spec, containers }: PodPart,
  isOurs: (image: unknown) => boolean,
): void {
  const volume = listOf(spec, 'volumes').find(({ name }) => name === 'wx');
  expect(volume).toMatchObject({ emptyDir: { medium: 'Memory', sizeLimit: expect.anything() } });
  for (const container of containers) {
    for (const mount of listOf(container, 'volumeMounts')) {
      expect(mount['subPath']).toBeUndefined();
      const ours = isOurs(container['image']);
      if (mount['name'] === 'wx') expect(mount['readOnly'] ?? false, String(container['name'])).toBe(!ours);
      // The AppSecret is for the daemon alone.
      if (mount['name'] === 'wx-appsecret') expect(ours).toBe(true);
    }
  }
}

/** Where an app is, something makes it wait for the token. */
export function expectWaiting({ spec, containers }: PodPart): void {
  const first = listOf(spec, 'initContainers')[0];
  if (!first) expect(containers).toHaveLength(1);
  else if (first['restartPolicy'] === 'Always')
    expect(partOf(first, 'startupProbe', 'httpGet')['path']).toBe('/startupz');
  else expect(first['args']).toEqual(['once']);
}

import type { CredentialType } from '../core/credential.ts';
import type { Context } from './context.ts';
import type { KeyPath } from './key-path.ts';
import type { CredentialSettings } from './schema-credential.ts';

/** What would have no effect, and was surely meant to have one. */
export function refuseMisfits(
  settings: CredentialSettings,
  type: CredentialType,
  at: KeyPath,
  context: Context,
): void {
  const { rotationWindow, ahead, recheck, allowForce, allowUncoordinated, from } = settings;
  const instead = { 'stable-token': 'rotationWindow', 'access-token': 'ahead', wecom: undefined }[type];
  const hint = instead ? `: ${type} has ${instead}` : ': a token of wecom repeats until it ends';
  const misfits: [name: string, isSaid: boolean, belongsTo: CredentialType | 'mirror', hint: string][] = [
    ['rotationWindow', rotationWindow !== undefined, 'stable-token', hint],
    ['ahead', ahead !== undefined, 'access-token', hint],
    ['recheck', recheck !== undefined, 'stable-token', ''],
    ['allowForce', allowForce, 'stable-token', ''],
    ['allowUncoordinated', allowUncoordinated, 'access-token', ''],
    ['from', from !== undefined, 'mirror', ': it is fetched here'],
  ];
  for (const [name, isSaid, belongsTo, more] of misfits) {
    if (isSaid && type !== belongsTo) context.complain([...at, name], `belongs to ${belongsTo}${more}`);
  }
}

/** Where each pod would fetch for itself. */
export function refuseUncoordinated(at: KeyPath, context: Context): void {
  context.complain(
    [...at, 'type'],
    'access-token in Kubernetes needs one refresher for all pods, since every fetch kills the token before: ' +
      `use stable-token, or elect one in ${context.name(['cluster'])}, or name a shared folder in ${context.name(['stateDir'])}, ` +
      `or set ${context.setting([...at, 'allowUncoordinated'], 'true')} if this is the only pod that will ever fetch`,
  );
}

import type { CredentialType } from '../core/credential.ts';
import { failureOf } from '../core/failure.ts';
import { SECOND } from '../core/time.ts';
import { readRegularFile } from '../system/read-regular-file.ts';
import type { FileTargetConfig, PlatformConfig, SecretSource } from './config.ts';
import { isLoopback } from './fields.ts';
import { groupId } from './group.ts';
import { parseSecret, readSecretFile } from './secret-file.ts';
import type { Values } from './variables.ts';

/** Told of everything that is wrong. */
export type Complain = (where: string, what: string) => void;

/** The official accounts' nearest entry, and the one for disaster recovery; WeCom has but one. */
const OFFICIAL_HOSTS = ['https://api.weixin.qq.com', 'https://api2.weixin.qq.com'];
const WECOM_HOSTS = ['https://qyapi.weixin.qq.com'];

/** The entries of the platform that knows a type of credential, the preferred one first. */
function platformHosts(type: CredentialType): readonly string[] {
  return type === 'wecom' ? WECOM_HOSTS : OFFICIAL_HOSTS;
}

/** Bytes: several times what an operating system trusts. */
const LARGEST_BUNDLE = 4 * 1024 * 1024;

/** @returns undefined when there is none, or none that can be used */
export async function readSecret(values: Values, complain: Complain): Promise<SecretSource | undefined> {
  const { WXTOKEN_SECRET_FILE: file, WXTOKEN_SECRET: value } = values;
  if (file !== undefined) {
    await readSecretFile(file).catch((error) =>
      complain('WXTOKEN_SECRET_FILE', failureOf(error, 'unsent').message),
    );
    return { file };
  }
  if (value === undefined) return undefined;
  const { secret, problem } = parseSecret(value);
  if (secret) return { value: secret };
  complain('WXTOKEN_SECRET', problem);
  return undefined;
}

export async function readPlatform(values: Values, complain: Complain): Promise<PlatformConfig> {
  const {
    WXTOKEN_API_BASE_URL: base,
    WXTOKEN_API_FALLBACK_URLS: fallbacks = [],
    WXTOKEN_PROXY: proxy,
  } = values;
  const usual = platformHosts(values.WXTOKEN_TYPE);
  const hosts = base === undefined && fallbacks.length === 0 ? usual : [base ?? usual[0] ?? '', ...fallbacks];
  const ca =
    values.WXTOKEN_CA_FILE === undefined
      ? undefined
      : await readAuthorities(values.WXTOKEN_CA_FILE, complain);
  return {
    id: base !== undefined && isLoopback(base) ? new URL(base).host : 'weixin',
    hosts,
    timeout: 10 * SECOND,
    ipv4First: values.WXTOKEN_IPV4_FIRST,
    ...(proxy !== undefined && { proxy }),
    ...(ca !== undefined && { ca }),
  };
}

async function readAuthorities(path: string, complain: Complain): Promise<string | undefined> {
  const found = await readRegularFile(path, LARGEST_BUNDLE, { followLinks: true }).catch(
    ({ code, message }: NodeJS.ErrnoException) =>
      complain('WXTOKEN_CA_FILE', `${path} cannot be read (${code ?? message})`),
  );
  const pem = found?.text;
  // Node takes anything here without a word, and then trusts no one.
  if (pem !== undefined && !pem.includes('-----BEGIN CERTIFICATE-----')) {
    complain('WXTOKEN_CA_FILE', `${path} holds no certificate in PEM`);
  }
  return pem;
}

export async function readTarget(values: Values, complain: Complain): Promise<FileTargetConfig> {
  const group = values.WXTOKEN_FILE_GROUP;
  const gid = group === undefined ? undefined : await groupId(group);
  if (group !== undefined && gid === undefined) {
    complain(
      'WXTOKEN_FILE_GROUP',
      `this system knows no group called ${JSON.stringify(group)}: use its number`,
    );
  }
  return {
    type: 'file',
    path: values.WXTOKEN_FILE,
    of: 'token',
    format: 'raw',
    details: true,
    mode: values.WXTOKEN_FILE_MODE,
    ...(gid !== undefined && { gid }),
  };
}

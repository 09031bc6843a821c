import { dirname } from 'node:path';
import type { Language, Text } from '../core/text.ts';
import type { CredentialKind } from '../providers/kind.ts';
import { credentialKinds, kindOf } from '../providers/kinds.ts';
import { appIdProblem } from '../schema/app-id.ts';
import { complaintsOf } from '../schema/message.ts';
import { AbsolutePath, Name } from '../schema/values.ts';

/** Who reads the published file, which decides what runs the daemon. */
export const READERS = ['systemd', 'compose', 'sidecar', 'cluster'] as const;

export type Reader = (typeof READERS)[number];

/** Readers for whom manifests of Kubernetes are written. */
const READS_MANIFESTS: ReadonlySet<Reader> = new Set(['sidecar', 'cluster']);

/** What `init` has to know. The AppSecret is not part of it, and is never asked for. */
export interface Answers {
  readonly type: string;
  readonly appId: string;
  readonly name: string;
  readonly reader: Reader;
  /** Absolute path of the published file. */
  readonly file: string;
  /** Absolute path of the file in which the daemon finds the AppSecret. */
  readonly secretFile: string;
  /** Language of comments and of what the daemon tells people. */
  readonly language: Language;
}

/**
 * The types that take an id and a secret and nothing else. What a third party needs besides is on the page
 * docs/third-parties.md.
 */
export const SIMPLE_KINDS: readonly CredentialKind[] = credentialKinds.filter(
  ({ via, pushed, secretless }) => !via && !pushed && !secretless,
);

/** Where the daemon publishes, and where it finds the AppSecret, unless told otherwise. */
export function defaultPaths(reader: Reader, name: string): Pick<Answers, 'file' | 'secretFile'> {
  const folder = reader === 'systemd' ? '/run/wx' : '/var/run/wx';
  const file = reader === 'cluster' ? `${folder}/${name}/token` : `${folder}/token`;
  return { file, secretFile: `/etc/wx-token/${name}` };
}

/** 32 hexadecimal digits, as AppSecrets of official accounts have, or the longer ones of WeCom. */
const SECRET = /^(?:[0-9a-f]{32}|[\w-]{40,})$/i;

/** Returns what is wrong with an id of a type; undefined if nothing is. No message repeats it. */
export function idProblem(type: string, id: string): Text | undefined {
  if (SECRET.test(id)) {
    return {
      en: 'looks like an AppSecret, which init never asks for: give the id of the account, and keep the secret for its file',
      zh: '看起来是 AppSecret，init 从不询问它：这里填账号的 ID，密钥只写进它自己的文件',
    };
  }
  return appIdProblem(id) ?? kindOf(type).idProblem?.(id);
}

/** Returns what is wrong with the name of a credential. */
export function nameProblem(name: string): Text | undefined {
  return complaintsOf(Name, name)[0]?.what;
}

/** Returns what is wrong with the path of the published file. */
export function publishedProblem(path: string, reader: Reader): Text | undefined {
  return pathProblem(path, reader, { folder: '/var/run/wx', isIn: isBelow });
}

/** Returns what is wrong with the path of the file that holds the AppSecret. */
export function secretPathProblem(path: string, reader: Reader): Text | undefined {
  const isIn = (file: string, folder: string) => dirname(file) === folder;
  return pathProblem(path, reader, { folder: '/etc/wx-token', isIn });
}

/** What the manifests of Kubernetes mount, and which files lie in it. */
interface Mounted {
  readonly folder: string;
  readonly isIn: (path: string, folder: string) => boolean;
}

function pathProblem(path: string, reader: Reader, mounted: Mounted): Text | undefined {
  const problem = complaintsOf(AbsolutePath, path)[0]?.what;
  if (problem) return problem;
  const { folder, isIn } = mounted;
  if (READS_MANIFESTS.has(reader) && !isIn(path, folder)) {
    return {
      en: `must be in ${folder}, which the manifests mount`,
      zh: `必须在 ${folder} 之内，清单挂载的就是这个目录`,
    };
  }
  if (dirname(path) === '/') {
    return {
      en: 'must be in a folder of its own, which apps mount',
      zh: '必须位于单独的目录里，由应用挂载，不能直接位于 / 之下',
    };
  }
  // It stands in a unit and in manifests, where other characters would have to be quoted in different ways.
  if (/^[\w./-]+$/.test(path) && !/\/\.\.?(\/|$)/.test(path)) return undefined;
  return {
    en: 'must be of A-Z, a-z, 0-9, _, -, . and /, without . and .. as folders',
    zh: '只能由 A-Z、a-z、0-9、_、-、. 和 / 组成，并且不含 . 和 .. 目录',
  };
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

/** Returns why a type cannot be used by such readers; undefined if it can. */
export function readerProblem(type: string, reader: Reader): Text | undefined {
  const { problem } = kindOf(type);
  const isAlone = reader === 'sidecar';
  const labels = { name: () => '', setting: () => '' };
  if (!isAlone || problem?.({}, { coordinated: false }, labels, []) === undefined) return undefined;
  return {
    en: `does not go with ${type}: each pod would end the token of the others; choose cluster, or stable-token`,
    zh: `不能与 ${type} 一起使用：每个 pod 都会使其他 pod 的 token 失效；请选 cluster，或改用 stable-token`,
  };
}

import { dirname } from 'node:path';
import { en, type Text, zh } from '../../core/text.ts';
import { kindOf } from '../../providers/kinds.ts';
import { placesOf, targetKindOf } from '../../publishers/kinds.ts';
import type { KeyPath } from '../../schema/key-path.ts';
import { isFetched } from '../config.ts';
import type { Context } from '../resolve/context.ts';
import type { Resolved } from '../resolve/credential.ts';
import { SAMPLES } from '../resolve/many.ts';
import type { ResolvedMirror } from '../resolve/mirror.ts';
import { findStateFolder, type StatePlace } from '../resolve/state-dir.ts';
import type { Settings } from '../schema/index.ts';

/** A path as the operator wrote it, and its position in the configuration. */
export interface PlacedPath {
  readonly path: string;
  readonly at: KeyPath;
}

/** A file that the daemon writes. */
export interface PlacedFile extends PlacedPath {
  /** Whether it is the details file beside the file that the operator named. */
  readonly isDetails: boolean;
}

/** A file that the daemon reads. */
export interface PlacedInput extends PlacedPath {
  /** What would be lost if the daemon overwrote or removed the file. */
  readonly content: keyof typeof CONTENTS;
  /** The daemon itself writes it, for one corp. */
  readonly awaited?: true;
  /** The corp whose secret it is. */
  readonly corpId?: string;
}

/** What a file holds that the daemon reads. */
export const CONTENTS = {
  appSecret: { en: 'the AppSecret', zh: 'AppSecret' },
  certificates: { en: 'the certificates', zh: '证书' },
  ticket: { en: 'the pushed ticket', zh: '推送的 ticket' },
  pushKey: { en: 'a key of the pushes', zh: '推送的密钥' },
} as const satisfies Readonly<Record<string, Text>>;

/** Every valid path of a configuration. */
export interface Paths {
  /** The published files (each target, then its details file), those of permanent codes, and the socket of the token server. */
  readonly files: readonly PlacedFile[];
  /** The paths of the files of permanent codes, with `{corpId}` in them. They are among `files`. */
  readonly codes: readonly PlacedFile[];
  readonly inputs: readonly PlacedInput[];
  /** The configuration file, if there is one. */
  readonly document: string | undefined;
  readonly state: PlacedPath | undefined;
  readonly feedback: PlacedPath | undefined;
}

/** The paths that a configuration names. */
export interface FoundPaths {
  /** The published files, which the daemon writes. */
  readonly published: readonly PlacedFile[];
  /**
   * The paths that can be checked. The default state folder is not among them if the operator configured an invalid
   * one.
   */
  readonly paths: Paths;
  readonly place: StatePlace;
  /** Every file that the configuration is read from. */
  readonly inputs: readonly string[];
}

/**
 * Collects every path that a configuration names. Reports a missing state folder if there is no published file beside
 * which it could be.
 */
export async function pathsOf(
  resolved: readonly (Resolved | ResolvedMirror)[],
  settings: Settings,
  document: string | undefined,
  context: Context,
): Promise<FoundPaths> {
  const files = resolved.flatMap(publishedBy);
  const codes = resolved.flatMap(codeFilesOf);
  const inputs = resolved.flatMap((credential) => inputsOf(credential, settings));
  const place = await findStateFolder(
    settings.stateDir,
    files.map(({ path }) => path).filter((path) => !isSample(dirname(path))),
    resolved.flatMap(({ config }) => (isFetched(config) ? [config.appId] : [])),
  );
  const { stateDir } = place;
  const isStateKnown = stateDir !== undefined && !context.isWrong(['stateDir']);
  if (stateDir === undefined && (hasNoFile(settings) || files.some(({ path }) => isSample(path)))) {
    const use: Text = settings.state
      ? { en: 'requests of refresh and what status reads', zh: 'refresh 的请求和 status 读取的内容' }
      : { en: 'restart memory', zh: '重启时要用的记录' };
    context.complain(['stateDir'], {
      en: en`is required where nothing is published into a file: the folder for ${use}`,
      zh: zh`没有发布到文件时必填：存放${use}的目录`,
    });
  }
  const { directory } = settings.feedback;
  // A ticket comes every few minutes, and changes nothing of the configuration.
  const lasting = inputs.filter(({ content }) => content !== 'ticket');
  const read = [...(document === undefined ? [] : [document]), ...lasting.map(({ path }) => path)];
  return {
    published: [...files, ...codes],
    paths: {
      files: [...files, ...codes, ...socketOf(settings)],
      codes,
      inputs,
      document,
      state: isStateKnown ? { path: stateDir, at: ['stateDir'] } : undefined,
      feedback: directory === undefined ? undefined : { path: directory, at: ['feedback', 'directory'] },
    },
    place,
    inputs: [...new Set(read)],
  };
}

/** Whether a path is that of an account which nobody knows yet. */
function isSample(path: string): boolean {
  return SAMPLES.some((sample) => path.includes(sample));
}

/**
 * Tells whether none of the targets, as far as they are valid, is a file. Then there is no default for the state
 * folder.
 */
function hasNoFile({ credentials = [] }: Settings): boolean {
  const targets = credentials.flatMap((credential) => credential?.publish ?? []);
  return targets.length > 0 && targets.every((target) => target && !targetKindOf(target).writesFiles);
}

function publishedBy({ targets }: Pick<Resolved, 'targets'>): PlacedFile[] {
  return targets.flatMap(({ target, at }) =>
    placesOf(target).flatMap(({ file }) => (file ? [{ ...file, at: [...at, 'path'] }] : [])),
  );
}

function codeFilesOf({ at, config }: Resolved | ResolvedMirror): PlacedFile[] {
  const path = isFetched(config) ? config.ticket?.push?.permanentCodes : undefined;
  if (path === undefined) return [];
  return [{ path, at: [...at, 'ticket', 'push', 'permanentCodes'], isDetails: false }];
}

function socketOf({ tokenServer }: Settings): PlacedFile[] {
  const listen = tokenServer?.listen;
  if (!listen || !('path' in listen)) return [];
  return [{ path: listen.path, at: ['tokenServer', 'listen'], isDetails: false }];
}

function inputsOf(
  { at, config }: Resolved | ResolvedMirror,
  { platform, credentials }: Settings,
): PlacedInput[] {
  const inputs: PlacedInput[] = [];
  if (!isFetched(config)) return inputs;
  const { secret, ticket } = config;
  if (ticket?.file !== undefined) {
    inputs.push({ path: ticket.file, at: [...at, 'ticket', 'file'], content: 'ticket' });
  }
  for (const name of ['tokenFile', 'encodingAesKeyFile', 'previousEncodingAesKeyFile'] as const) {
    const path = ticket?.push?.[name];
    if (path !== undefined) {
      inputs.push({ path, at: [...at, 'ticket', 'push', name], content: 'pushKey' });
    }
  }
  if (secret && 'file' in secret) {
    const { file, awaited } = secret;
    inputs.push({
      ...{ path: file, at: [...at, 'secretFile'], content: 'appSecret' },
      ...(awaited && { awaited }),
      ...(kindOf(config.type).id.key === 'corpId' && { corpId: config.appId }),
    });
  }
  const own = credentials?.[Number(at[1])]?.platform.caFile;
  const where = own === undefined ? ['platform'] : [...at, 'platform'];
  const caFile = own ?? platform.caFile;
  if (caFile !== undefined) inputs.push({ path: caFile, at: [...where, 'caFile'], content: 'certificates' });
  return inputs;
}

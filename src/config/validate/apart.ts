import { basename, dirname, join, sep } from 'node:path';
import { CORP_ID, isCorpId } from '../../core/permanent-code.ts';
import { en, type Text, zh } from '../../core/text.ts';
import { type KeyPath, pathKey } from '../../schema/key-path.ts';
import { realpath } from '../../system/fs/files.ts';
import type { Context } from '../resolve/context.ts';
import { CONCURRENCY, mapConcurrently, memoized } from '../resolve/memoize.ts';
import { CONTENTS, type Paths, type PlacedFile, type PlacedInput, type PlacedPath } from './paths.ts';

/** {@link Paths} with symbolic links resolved. */
export interface RealPaths {
  /** `real` is the directory entry that a write would replace, so a link at the end of the path is not followed. */
  readonly files: readonly (PlacedFile & { readonly real: string })[];
  readonly codes: RealPaths['files'];
  /** The link and the file that it leads to: losing either would break the input. */
  readonly inputs: readonly (PlacedInput & { readonly reals: readonly string[] })[];
  readonly document: readonly string[];
  readonly state: (PlacedPath & { readonly real: string }) | undefined;
  readonly feedback: (PlacedPath & { readonly real: string }) | undefined;
}

async function followLinks({ files, codes, inputs, document, state, feedback }: Paths): Promise<RealPaths> {
  // Like `realPath` and `realEntry`, but folders that many paths share are resolved once.
  const follow = memoized(async (path: string): Promise<string> => {
    return await realpath(path).catch(() => (dirname(path) === path ? path : entry(path)));
  });
  const entry = async (path: string) => join(await follow(dirname(path)), basename(path));
  const both = async (path: string) => [await entry(path), await follow(path)];
  return {
    files: await mapConcurrently(files, CONCURRENCY, async (file) => ({
      ...file,
      real: await entry(file.path),
    })),
    codes: await mapConcurrently(codes, CONCURRENCY, async (file) => ({
      ...file,
      real: await entry(file.path),
    })),
    inputs: await mapConcurrently(inputs, CONCURRENCY, async (input) => ({
      ...input,
      reals: await both(input.path),
    })),
    document: document === undefined ? [] : await both(document),
    state: state && { ...state, real: await follow(state.path) },
    feedback: feedback && { ...feedback, real: await follow(feedback.path) },
  };
}

/** Reports a collision. Only the first collision of a kind is reported for a path. */
type Collide = (kind: string, at: KeyPath, what: Text) => void;

/**
 * Reports paths that must differ or must not lie within each other, because a write would destroy something. Symbolic
 * links are resolved first.
 * @returns whether there are no collisions
 */
export async function areApart(paths: Paths, context: Context): Promise<boolean> {
  const real = await followLinks(paths);
  const reported = new Set<string>();
  const collide: Collide = (kind, at, what) => {
    const collision = `${kind}\0\0${pathKey(at)}`;
    if (!reported.has(collision)) context.complain(at, what);
    reported.add(collision);
  };
  const owners = refuseSharedFiles(real, context, collide);
  refuseLostInputs(real, owners, collide);
  refuseSharedTickets(real, context, collide);
  refuseCodesOverOthers(real, collide);
  refuseFilesInFolders(real, collide);
  refuseSharedFolders(real, collide);
  return reported.size === 0;
}

type Owners = ReadonlyMap<string, PlacedFile>;

function refuseSharedFiles({ files, document }: RealPaths, context: Context, collide: Collide): Owners {
  const owners = new Map<string, PlacedFile>();
  for (const file of files) {
    const other = owners.get(file.real);
    // Accounts of one entry that share a path: that has been reported.
    if (other && pathKey(other.at) === pathKey(file.at)) continue;
    if (other) {
      const isOfDetails = file.isDetails || other.isDetails;
      const owner = context.name(other.at);
      const what: Text = {
        en: `${file.path} is published by ${owner} already`,
        zh: `${file.path} 已经由 ${owner} 发布`,
      };
      const advised: Text = {
        en: en`${what} (details: false leaves out PATH.json)`,
        zh: zh`${what}（details: false 时没有 PATH.json）`,
      };
      collide('owner', file.at, isOfDetails ? advised : what);
    } else owners.set(file.real, file);
    if (document.includes(file.real)) {
      collide('document', file.at, {
        en: `${file.path} is the configuration itself`,
        zh: `${file.path} 就是配置文件本身`,
      });
    }
  }
  for (const { real, at } of files) {
    const above = ancestors(real).find((folder) => owners.has(folder)) ?? '';
    const owner = owners.get(above);
    if (owner) {
      collide('above', at, {
        en: `lies in ${owner.path}, which is published as a file`,
        zh: `位于 ${owner.path} 之内，而那里发布的是文件`,
      });
    }
  }
  return owners;
}

/**
 * Reports files that a permanent code could be written over: the platform names the corps, and any of them could be called
 * as the last part of such a path.
 */
function refuseCodesOverOthers({ files, codes, inputs, document }: RealPaths, collide: Collide): void {
  for (const { real: template, at } of codes) {
    const [before = '', after = ''] = template.split(CORP_ID);
    const isOne = (path: string) =>
      path.length > before.length + after.length &&
      path.startsWith(before) &&
      path.endsWith(after) &&
      isCorpId(path.slice(before.length, path.length - after.length));
    const others = [
      ...files.map(({ path, real }) => ({ path, reals: [real] })),
      ...inputs.filter(({ awaited, corpId }) => !awaited && corpId === undefined),
      ...document.map((path) => ({ path, reals: [path] })),
    ];
    const lost = others.find(({ reals }) => reals.some(isOne));
    for (const { corpId, awaited, reals, path, at: here } of inputs) {
      if (awaited || corpId === undefined || !reals.some(isOne)) continue;
      collide('codes', here, {
        en: `${path} is written for another corp than ${corpId}: upper and lower case count`,
        zh: `${path} 是为另一个企业写入的，不是 ${corpId}：区分大小写`,
      });
    }
    if (lost)
      collide('codes', at, {
        en: `could be ${lost.path}, for a corp of that name: give the codes a folder of their own`,
        zh: `企业 ID 恰好同名时就是 ${lost.path}：请把永久授权码放在单独的目录里`,
      });
  }
}

function refuseLostInputs({ inputs, document, feedback }: RealPaths, owners: Owners, collide: Collide): void {
  for (const { reals, at, content } of inputs) {
    if (reals.some((path) => owners.has(path))) {
      collide('input', at, {
        en: en`is a file that would be published: ${CONTENTS[content]} would be overwritten`,
        zh: zh`是要发布的文件：${CONTENTS[content]}会被覆盖`,
      });
    }
    if (reals.some((path) => isWithin(path, feedback?.real))) {
      const folder = feedback?.path ?? '';
      collide('fed', at, {
        en: en`lies in the feedback folder ${folder}, where ${CONTENTS[content]} would be removed`,
        zh: zh`位于反馈目录 ${folder} 之内，${CONTENTS[content]}会被删除`,
      });
    }
  }
  if (feedback && document.some((path) => isWithin(path, feedback.real))) {
    collide('document', feedback.at, {
      en: 'holds the configuration, which would be removed',
      zh: '里有配置文件，它会被删除',
    });
  }
}

/**
 * Reports a ticket file that holds something else as well. Of two third parties that share one each would take the ticket of
 * the other, and the platform refuse it, now and then (61006: https://github.com/zoujingli/WeChatDeveloper/issues/29).
 */
function refuseSharedTickets({ inputs }: RealPaths, context: Context, collide: Collide): void {
  for (const [index, { reals, at, content }] of inputs.entries()) {
    if (content !== 'ticket') continue;
    const other = inputs.find(
      (one, place) =>
        place !== index &&
        (one.content !== 'ticket' || place < index) &&
        one.reals.some((path) => reals.includes(path)),
    );
    if (!other) continue;
    const name = context.name(other.at);
    collide(
      'tickets',
      at,
      other.content === 'ticket'
        ? {
            en: `is that of ${name} as well: each third party has tickets of its own, and the platform refuses those of another one (61006)`,
            zh: `与 ${name} 是同一个文件：每个第三方的 ticket 各不相同，拿别人的会被平台拒绝（61006）`,
          }
        : {
            en: en`is that of ${name} as well, which holds ${CONTENTS[other.content]}`,
            zh: zh`与 ${name} 是同一个文件，里面是${CONTENTS[other.content]}`,
          },
    );
  }
}

function refuseFilesInFolders({ files, state, feedback }: RealPaths, collide: Collide): void {
  for (const [what, folder] of [
    [STATE_FOLDER, state],
    [FEEDBACK_FOLDER, feedback],
  ] as const) {
    for (const { path, real, at } of files) {
      if (!folder || !overlap(real, folder.real)) continue;
      collide(what.en, at, mayNotMeet(path, what, folder.path));
    }
  }
}

function refuseSharedFolders({ files, state, feedback }: RealPaths, collide: Collide): void {
  if (!feedback || !overlap(state?.real, feedback.real)) return;
  // A file inside the feedback folder has been reported already.
  if (files.some(({ real }) => isWithin(real, feedback.real))) return;
  collide('folders', feedback.at, mayNotMeet('', STATE_FOLDER, state?.path ?? ''));
}

const STATE_FOLDER: Text = { en: 'state folder', zh: '状态目录' };
const FEEDBACK_FOLDER: Text = { en: 'feedback folder', zh: '反馈目录' };

function mayNotMeet(path: string, what: Text, folder: string): Text {
  const subject = path === '' ? '' : `${path} `;
  return {
    en: en`${subject}may not be, hold or lie in the ${what} ${folder}`,
    zh: zh`${subject}不能就是${what} ${folder}，不能包含它，也不能位于其中`,
  };
}

function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...ancestors(above)];
}

function overlap(a: string | undefined, b: string | undefined): boolean {
  return isWithin(a, b) || isWithin(b, a);
}

function isWithin(path: string | undefined, folder: string | undefined): boolean {
  if (path === undefined || folder === undefined) return false;
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

import { basename } from 'node:path';
import type { Answers, Reader } from './answers.ts';
import { configText } from './config-text.ts';
import { composeFile, systemdUnit } from './host-files.ts';
import { CLUSTER_FILES, SIDECAR_FILES } from './kubernetes-files.ts';
import { commentsIn } from './manifest-comments.ts';

/** Where the unit finds the configuration. */
export const CONFIG_PATH = '/etc/wx-token/config.yaml';

/** Makes the files for a kind of reader, by their paths below the folder that `init` writes into. */
const MAKERS: Readonly<Record<Reader, (answers: Answers) => Readonly<Record<string, string>>>> = {
  systemd: (answers) => ({
    'config.yaml': configText(answers),
    'wx-token-sidecar.service': systemdUnit(answers, CONFIG_PATH),
  }),
  compose: (answers) => ({
    'config/config.yaml': configText(answers),
    'compose.yaml': composeFile(answers),
  }),
  sidecar: (answers) => ({ 'config.yaml': configText(answers), ...manifests(SIDECAR_FILES, answers) }),
  cluster: (answers) => ({ 'config.yaml': configText(answers), ...manifests(CLUSTER_FILES, answers) }),
};

/** Makes everything that `init` writes, by path below its folder. */
export function filesFor(answers: Answers): Readonly<Record<string, string>> {
  return MAKERS[answers.reader](answers);
}

/** The manifests say in comments how the Secret with the AppSecret is made: its key is the name of the file. */
function manifests(files: Readonly<Record<string, string>>, { secretFile, language }: Answers) {
  const named = Object.entries(files).map(([path, text]): [string, string] => [
    path,
    commentsIn(text, language)
      .replaceAll('--from-file=shop=', `--from-file=${basename(secretFile)}=`)
      .replaceAll(/(\.\.\/)?k8s\/(base|components\/sidecar)/g, 'FOLDER'),
  ]);
  return Object.fromEntries(named);
}

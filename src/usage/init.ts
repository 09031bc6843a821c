import { LANGUAGES } from '../core/text.ts';
import { READERS, SIMPLE_KINDS } from '../setup/answers.ts';
import type { CommandForm } from './form.ts';

const TYPES = SIMPLE_KINDS.map(({ type }) => type);

export const INIT = {
  name: 'init',
  summary: 'write a configuration and what runs the daemon with it',
  description: [
    'Writes a commented configuration, and what runs the daemon with it: a systemd unit, a compose file, a kustomize component that adds the sidecar to pods of an app, or a kustomization of one refresher for a cluster.',
    'In a terminal it asks for what no option says. It never asks for the AppSecret, and overwrites nothing.',
  ],
  options: {
    reader: {
      type: 'string',
      value: { name: 'WHO', offers: READERS },
      what: 'who reads the token: systemd (programs of this host), compose, sidecar (one in each pod) or cluster (one refresher for all)',
    },
    type: {
      type: 'string',
      value: { name: 'TYPE', offers: TYPES },
      what: `${TYPES.join(', ')} (default stable-token)`,
    },
    appid: {
      type: 'string',
      value: { name: 'ID' },
      what: 'AppID of the account, or CorpID of the corp',
    },
    name: {
      type: 'string',
      value: { name: 'NAME' },
      what: 'what the credential is called (default main)',
    },
    file: {
      type: 'string',
      value: { name: 'PATH', offers: 'files' },
      what: 'the published file (default /run/wx/token or /var/run/wx/token)',
    },
    'secret-file': {
      type: 'string',
      value: { name: 'PATH', offers: 'files' },
      what: 'where the daemon finds the AppSecret (default /etc/wx-token/NAME)',
    },
    folder: {
      type: 'string',
      default: '.',
      value: { name: 'FOLDER', offers: 'folders' },
      what: 'where to write (default .)',
    },
    language: {
      type: 'string',
      value: { name: 'LANGUAGE', offers: LANGUAGES },
      what: 'en or zh: of the comments and of what the daemon tells people',
    },
  },
  exits: [
    { code: 0, what: 'written' },
    { code: 78, what: 'wrong answers, or something is there already' },
  ],
  examples: [
    {
      what: 'A compose file and its configuration in the folder wx, without a question',
      command: 'wx-token-sidecar init --reader compose --appid wx0000000000000000 --folder wx',
    },
  ],
} as const satisfies CommandForm;

import type { Text } from '../core/text.ts';
import { kindOf } from '../providers/kinds.ts';
import type { Answers, Reader } from './answers.ts';

const HEALTH: Text = {
  en: 'Health for the kubelet. No secret is served there.',
  zh: '供 kubelet 探测健康状况。这个端口不提供任何机密。',
};
const CLUSTER: Text = {
  en: 'One of the pods calls WeChat; the token lands in the Secret. Names are those of the manifests.',
  zh: '由其中一个 pod 调用微信，token 写入这个 Secret。名称与清单中的一致。',
};

function healthPart({ language }: Answers): string {
  return `${comment(HEALTH, language)}\nhttp: { listen: "0.0.0.0:9400" }\n`;
}

/** What is at the top of a configuration, for each kind of reader: all but the credentials. */
const TOP: Readonly<Record<Reader, (answers: Answers) => string>> = {
  systemd: () => '',
  compose: () => '',
  sidecar: healthPart,
  cluster: (answers) => `${healthPart(answers)}stateDir: /var/run/wx/.state
${comment(CLUSTER, answers.language)}
cluster:
  lease: { name: wx-token-sidecar }
  secret: { name: wx-token }
`,
};

/** Writes the configuration of one credential, with comments in the language of the answers. */
export function configText(answers: Answers): string {
  const { type, appId, name, file, secretFile, reader, language } = answers;
  const { id } = kindOf(type);
  const say = (text: Text, indent = 0) => comment(text, language, indent);
  return `${say({
    en: 'What the daemon does. Every key: docs/configuration.md. A change of the credentials takes effect without a restart.',
    zh: '守护进程的配置。所有的键见 docs/zh-CN/configuration.md。凭据的改动不用重启就生效。',
  })}
${language === 'zh' ? 'language: zh\n' : ''}${TOP[reader](answers)}credentials:
  - name: ${scalar(name)}
    type: ${type}
    ${id.key}: ${scalar(appId)}
${say(
  {
    en: 'The AppSecret lies in this file and nowhere else. It is read at every fetch, so a new one takes effect at once.',
    zh: 'AppSecret 只存放在这个文件里。每次获取时都会重新读取，所以更换后立即生效。',
  },
  4,
)}
    secretFile: ${secretFile}
    publish:
${say({ en: 'Apps mount or read this folder, never the single file. Details lie beside it, with .json at the end.', zh: '应用挂载或读取所在的目录，而不是单个文件。旁边以 .json 结尾的文件里是详细信息。' }, 6)}
      - { type: file, path: ${file}, mode: "0640" }
`;
}

/** A comment in one language, as YAML, systemd and shells write them. */
export function comment(text: Text, language: Answers['language'], indent = 0): string {
  return `${' '.repeat(indent)}# ${text[language]}`;
}

/** What readers of YAML, the older ones included, take for something other than text. */
const NO_TEXT = /^(true|false|yes|no|on|off|null|y|n)$/i;

/** A name or an id as a value of YAML: without quotes where it can only be text. */
function scalar(text: string): string {
  return /^[a-z][\w-]*$/i.test(text) && !NO_TEXT.test(text) ? text : JSON.stringify(text);
}

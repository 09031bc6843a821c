import { eastAsianWidth } from 'get-east-asian-width';
import type { Language, Text } from '../core/text.ts';

/** Columns of a line of a comment. */
const WIDTH = 110;

/** A comment begins a paragraph anew with an item of a list. Commands and settings are indented, or nothing else. */
const ITEM = /^- /;
const AS_IT_IS = /^( {2,}|\w+: \S+$)/;

/** A comment within a command or setting that is shown. */
const WITHIN = /^( +# )(.+:)$/;

/**
 * Says the comments of a manifest of `k8s/`, which are English, in a language. What stands in them to be copied stays. A
 * paragraph that has no translation stays as well; a test holds that there is none.
 */
export function commentsIn(manifest: string, language: Language): string {
  if (language === 'en') return manifest;
  const lines: string[] = [];
  let prose: { readonly indent: string; readonly words: string } | undefined;
  const end = () => {
    if (prose) lines.push(...paragraph(prose.words, language, prose.indent));
    prose = undefined;
  };
  for (const line of manifest.split('\n')) {
    const [, indent = '', words] = /^( *)# ?(.*)$/.exec(line) ?? [];
    if (words === undefined || AS_IT_IS.test(words)) {
      end();
      lines.push(words === undefined ? line : `${indent}# ${within(words, language)}`);
      continue;
    }
    if (!prose || ITEM.test(words)) {
      end();
      prose = { indent, words };
    } else prose = { indent, words: `${prose.words} ${words}` };
  }
  end();
  return lines.join('\n');
}

function within(words: string, language: Language): string {
  const [, before = '', said] = WITHIN.exec(words) ?? [];
  return said === undefined ? words : `${before}${translated(said, language)}`;
}

function paragraph(words: string, language: Language, indent: string): string[] {
  return wrapped(translated(words, language), WIDTH - indent.length - 2).map((line) => `${indent}# ${line}`);
}

function translated(words: string, language: Language): string {
  return COMMENTS.find(({ en }) => en === words)?.[language] ?? words;
}

/** A character of Chinese with the punctuation that may not begin a line, or a word of another script. */
const WORD =
  /(?:\p{Script=Han}|[^\s\p{Script=Han}，。；：、（）]+|（[^\s\p{Script=Han}]*.?)[，。；：、）]*/gu;

/** Breaks a text into lines of at most so many columns. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let end = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const between = text.slice(end, index);
    const last = lines.at(-1);
    if (last !== undefined && columnsOf(last + between + word) <= width) {
      lines[lines.length - 1] = last + between + word;
    } else lines.push(word);
    end = index + word.length;
  }
  return lines;
}

function columnsOf(text: string): number {
  return [...text].reduce((sum, character) => sum + eastAsianWidth(character.codePointAt(0) ?? 0), 0);
}

const HEALTH: Text = {
  en: 'Fails when the daemon itself stands still, never because WeChat is down.',
  zh: '只有守护进程自己停滞时才失败，不会因为微信不可用而失败。',
};

const NAME_STAYS: Text = {
  en: 'The name does not change with the content: the daemon sees a change of the credentials by itself, so nothing has to restart.',
  zh: '名称不随内容变化：守护进程自己会发现凭据的改动，所以不需要重启任何东西。',
};

const IMAGE: Text = {
  en: 'Where the image is: push what `docker build` made to a registry of your own, and name it here, as in',
  zh: '镜像的位置：把 `docker build` 构建的镜像推送到自己的镜像仓库，并写在这里，例如',
};

/** The paragraphs of all comments in the manifests. A list is a paragraph for each of its items. */
export const COMMENTS: readonly Text[] = [
  HEALTH,
  NAME_STAYS,
  IMAGE,
  {
    en: 'One calls WeChat, the other takes over: within a second of an orderly end, within 16 s of a crash.',
    zh: '一个调用微信，另一个接替：正常结束后一秒之内，崩溃后 16 秒之内。',
  },
  {
    en: 'Nobody waits for a second token server: a pod that ends has handed over before the next one is there.',
    zh: '第二个副本暂缺不影响任何人：要结束的 pod 在下一个就位之前已经完成交接。',
  },
  {
    en: 'The daemon needs five seconds at most to publish what it has fetched and to hand over.',
    zh: '守护进程最多需要五秒，用来发布已获取的内容并完成交接。',
  },
  { en: 'Not both on the node that fails.', zh: '不让两个都在那个出故障的节点上。' },
  {
    en: 'Until every credential has been published once; five minutes, since WeChat may be down just then.',
    zh: '直到每份凭据都发布过一次；给五分钟，因为微信可能恰好不可用。',
  },
  {
    en:
      'No Service leads here. It shows in `kubectl get pods`, a rolling update waits for it, and of pods that are ready the ' +
      'PodDisruptionBudget keeps one.',
    zh: '没有 Service 指向这里。它显示在 `kubectl get pods` 里，滚动更新会等它，PodDisruptionBudget 在就绪的 pod 中保留一个。',
  },
  { en: 'In memory: no token touches a disk of the node.', zh: '位于内存：token 不会写到节点的磁盘上。' },
  {
    en:
      'One refresher for a whole cluster: two replicas, of which a Lease elects the one that calls WeChat. The token lands in the ' +
      'Secret `wx-token`; whoever needs it mirrors that (see examples/mirror) or mounts it.',
    zh: '整个集群共用一个刷新者：两个副本，由 Lease 选出调用微信的那一个。token 写入名为 `wx-token` 的 Secret；需要它的一方用 mirror 复制（见 examples/mirror）或挂载它。',
  },
  {
    en:
      'An overlay may say another namespace. Names have to stay: config.yaml calls the Lease and the Secret by theirs, and role.yaml the ' +
      'Lease, where no namePrefix or nameSuffix reaches. So a second one in the same namespace takes, besides a nameSuffix, a ' +
      'config.yaml of its own (configMapGenerator, behavior: replace), the new name of the Lease in the Role (patches), and another ' +
      "app.kubernetes.io/instance (labels, includeSelectors), without which each would take the other's pods for its own.",
    zh: 'overlay 可以改用别的命名空间。名称必须保持不变：config.yaml 按名称引用 Lease 和 Secret，role.yaml 按名称引用 Lease，namePrefix 和 nameSuffix 都改不到那里。所以同一命名空间里的第二套，除了 nameSuffix，还需要自己的 config.yaml（configMapGenerator，behavior: replace）、Role 里 Lease 的新名称（patches），以及另一个 app.kubernetes.io/instance（labels，includeSelectors），否则两套会把对方的 pod 当成自己的。',
  },
  {
    en: 'Elects the refresher. Without a spec, so that applying this again takes the lease from nobody.',
    zh: '用来选出刷新者。不写 spec，这样再次 apply 不会夺走任何人的 Lease。',
  },
  {
    en:
      'In: the port of health and metrics, which serves no secret; probes of the kubelet come in any case. Out: names, WeChat and the ' +
      'API server. What counts are the ports of the pods and hosts behind a Service, not its own:',
    zh: '入站：健康检查和指标的端口，那里不提供任何机密；kubelet 的探测总能到达。出站：域名解析、微信和 API server。起作用的是 Service 背后的 pod 和主机的端口，不是 Service 自己的端口：',
  },
  {
    en: '- DNS pods may listen on another one than 53, those of OpenShift on 5353: add that.',
    zh: '- DNS 的 pod 可能监听 53 以外的端口，OpenShift 的是 5353：把它加上。',
  },
  {
    en:
      '- API servers listen on 6443 or, most of the managed ones, on 443 (`kubectl get endpoints kubernetes` says so). ' +
      "Behind a proxy, whose fixed address WeChat's IP whitelist wants, add its port; 443 may then be limited to the API server's " +
      'addresses, but goes only where that listens on 6443.',
    zh: '- API server 监听 6443，多数托管集群则监听 443（`kubectl get endpoints kubernetes` 会显示）。如果经过代理（微信的 IP白名单要求固定地址），加上它的端口；443 这时可以只放行到 API server 的地址，但只有 API server 监听 6443 时才能去掉。',
  },
  {
    en:
      'A drained node takes one of the two, never both at once. Pods that are not ready may always be moved: while WeChat refuses ' +
      'both, they hold up no drain, and what they know is in the Secret.',
    zh: '排空节点时只会带走两个之中的一个，不会同时带走两个。未就绪的 pod 随时可以移走：微信拒绝两者时，它们不会阻碍排空，而它们所知道的都在 Secret 里。',
  },
  {
    en:
      'Two objects by name and nothing else: no list, no create, and so no other Secret of the namespace. Both are made by these ' +
      'manifests, since a Role limited by name cannot allow to create.',
    zh: '只有按名称写明的两个对象：没有 list，没有 create，因此碰不到命名空间里的其他 Secret。两者都由这些清单创建，因为按名称限定的 Role 无法允许 create。',
  },
  {
    en:
      'Holds the tokens. Without data, so that applying this again blanks none of them; never `kubectl replace` it, and never make it ' +
      'immutable.',
    zh: '保存 token。不写 data，这样再次 apply 不会清空它们；绝不要对它执行 `kubectl replace`，也不要把它设为 immutable。',
  },
  { en: 'The one pod that needs it asks for it.', zh: '需要它的那个 pod 会自己申请。' },
  {
    en:
      'Adds the sidecar to each Deployment, StatefulSet, DaemonSet, Job and CronJob of the kustomization that names this component. ' +
      'Kubernetes 1.29 or newer.',
    zh: '给引用这个组件的 kustomization 里的每个 Deployment、StatefulSet、DaemonSet、Job 和 CronJob 加上 sidecar。需要 Kubernetes 1.29 或更新的版本。',
  },
  { en: 'kustomization.yaml of the app:', zh: '应用的 kustomization.yaml：' },
  {
    en: 'The containers that read the token mount its folder by themselves, since no patch can know their names:',
    zh: '读取 token 的容器自己挂载它的目录，因为补丁无法知道这些容器的名称：',
  },
  {
    en:
      'Where only some of them are meant, give those a label, and the patches below a labelSelector beside `kind`. ' +
      'The group of the volume is 1000 (fsGroup), under which the app reads the file whatever its uid is. An app that has an fsGroup ' +
      'already keeps it by a patch of its own kustomization, which comes after this component; the sidecar does with any group:',
    zh: '如果只针对其中一部分，给它们加一个标签，并在下面各个补丁的 `kind` 旁边写 labelSelector。卷的组是 1000（fsGroup），应用无论以什么 uid 运行，都凭这个组读取文件。已经有 fsGroup 的应用，用自己的 kustomization 里的补丁保留它，那个补丁在这个组件之后生效；sidecar 用任何组都可以：',
  },
  {
    en: "Kind and name are of no object: the component's target says whom this changes.",
    zh: 'kind 和 name 不对应任何对象：修改谁由组件的 target 决定。',
  },
  {
    en: 'The group of the volume: the app reads what the sidecar writes as 0640, under a uid of its own.',
    zh: '卷的组：sidecar 以权限 0640 写入，应用以自己的 uid 读取。',
  },
  {
    en: 'This makes it a sidecar: started before the app, stopped after it, no obstacle to the end of a Job.',
    zh: '这使它成为 sidecar：先于应用启动，晚于应用停止，不妨碍 Job 结束。',
  },
  {
    en: 'The app starts when this succeeds: it never meets an absent file. Five minutes, since WeChat may be down just then.',
    zh: '它成功之后应用才启动：应用不会遇到文件缺失。给五分钟，因为微信可能恰好不可用。',
  },
  {
    en: 'In memory: the token touches no disk, and the state in it lives as long as the pod.',
    zh: '位于内存：token 不落盘，其中的状态与 pod 一同存在。',
  },
  {
    en: 'The same as sidecar.yaml, which a CronJob has two steps further down.',
    zh: '与 sidecar.yaml 相同，只是 CronJob 里的位置深两层。',
  },
];

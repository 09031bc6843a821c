import * as v from 'valibot';
import { CORP_ID } from '../../core/permanent-code.ts';
import { isLoopback, ListenAddress } from '../../schema/addresses.ts';
import { AppId } from '../../schema/app-id.ts';
import { key, mapping } from '../../schema/blocks.ts';
import { say } from '../../schema/message.ts';
import { AbsolutePath } from '../../schema/values.ts';

const PATH = say({ en: 'must be a path like /wx/platform', zh: '必须是路径，如 /wx/platform' });

/** The path of a URL, as it is compared: without query, and never decoded. */
const UrlPath = v.pipe(v.string(PATH), v.regex(/^\/[\w\-.~%/]{0,200}$/, PATH));

const FORWARD = say({
  en: 'must be a URL on loopback like http://127.0.0.1:8080/wx/events: an authorisation code gives access',
  zh: '必须是回环地址的 URL，如 http://127.0.0.1:8080/wx/events：授权码等于访问权',
});

const LoopbackUrl = v.pipe(
  v.string(FORWARD),
  v.check((text) => URL.canParse(text) && isLoopback(text), FORWARD),
  v.check(
    (text) => !URL.canParse(text) || new URL(text).username === '',
    say({ en: 'must not carry a user or password', zh: '不能带用户名或密码' }),
  ),
);

const TEMPLATE = say({
  en: `must have ${CORP_ID} in it once: each corp has a file of its own`,
  zh: `里面必须有且只有一个 ${CORP_ID}：每个企业有自己的文件`,
});

/** The path of one file for each corp. */
const CorpPath = v.pipe(
  AbsolutePath,
  v.check((path) => path.split(CORP_ID).length === 2, TEMPLATE),
);

/** Schema of `ticket.push`: how the platform's pushes for one credential are received. */
export const PushedTo = mapping(
  {
    path: key(
      UrlPath,
      'The path of the URL that the console of the platform holds, exactly; several may share one.',
    ),
    tokenFile: key(
      AbsolutePath,
      'File that holds the Token (消息校验Token) of the console, which signs the pushes.',
    ),
    encodingAesKeyFile: key(
      AbsolutePath,
      'File that holds the EncodingAESKey (消息加解密Key) of the console: 43 letters and digits.',
    ),
    previousEncodingAesKeyFile: key(
      AbsolutePath,
      'File that holds the EncodingAESKey before, while pushes under it are still under way.',
    ),
    forward: key(
      LoopbackUrl,
      'URL of an app on loopback that everything but tickets is passed on to as it came; then the app exchanges the codes. Without it the daemon does, for a component, and for a suite with permanentCodes.',
    ),
    permanentCodes: key(
      CorpPath,
      'For wecom-suite the file of each corp, {corpId} in place of its CorpID, which its permanent code is written to: the daemon exchanges the codes of corps that authorise. Without it they are told of, and left to a person. Not beside forward.',
    ),
    corpId: key(
      AppId,
      'For wecom-suite the corpid of the provider, for which WeCom encrypts the check of the URL. Without it, it is not compared.',
    ),
  },
  ['path', 'tokenFile', 'encodingAesKeyFile'],
);

/** Schema of the top-level `push`: the receiver of all pushes. */
export const Push = mapping(
  {
    listen: key(
      ListenAddress,
      'host:port, for the ingress that the platform reaches; plain HTTP. Nothing else is served there.',
    ),
  },
  ['listen'],
);

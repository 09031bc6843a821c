import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { describe, expect, it, type TestContext } from 'vitest';
import { sha256 } from '../e2e/workbench.ts';
import { openSandbox, TEST_ACCOUNT, type TestSandbox } from '../support/sandbox.ts';
import { needsJava, needsTool, type Tool } from '../support/tools.ts';
import { blocksOf, textOf } from './readme.ts';

const execute = promisify(execFile);

const BUSINESS = '/cgi-bin/getcallbackip';
const ROTATIONS = 20;

/** How a recipe becomes a program that makes one call for each line it is sent, and answers each with one. */
interface Language {
  /** As the page names its code. */
  readonly language: string;
  /** Where the code stands; `{call}` of the program is the call that a test makes. */
  readonly recipe: string;
  readonly files: Readonly<Record<string, string>>;
  readonly tools: readonly Tool[];
  readonly compile?: readonly string[];
  readonly run: readonly string[];
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  // The release that the heading names, whichever is installed.
  Java: {
    language: 'java',
    recipe: 'Wx.java',
    files: {
      'Main.java': `import java.io.BufferedReader;
import java.io.InputStreamReader;

class Main {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        while (lines.readLine() != null) {
            try {
                System.out.println(Wx.get("${BUSINESS}"));
            } catch (Exception error) {
                System.out.println("error: " + error.getMessage());
            }
        }
    }
}`,
    },
    tools: [],
    compile: [
      'java',
      '-m',
      'jdk.compiler/com.sun.tools.javac.Main',
      '--release',
      '11',
      '-Xlint:all,-serial',
      'Wx.java',
      'Main.java',
    ],
    run: ['java', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx64m', 'Main'],
  },
  Python: {
    language: 'python',
    recipe: 'wx.py',
    files: {
      'main.py': `import json, sys
from wx import wx_get

for _ in iter(sys.stdin.readline, ''):
    try:
        print(json.dumps(wx_get('${BUSINESS}')), flush=True)
    except RuntimeError as error:
        print('error:', error, flush=True)
`,
    },
    tools: ['python3'],
    run: ['python3', 'main.py'],
  },
  Go: {
    language: 'go',
    recipe: 'wx/wx.go',
    files: {
      'go.mod': 'module app\n\ngo 1.19\n',
      'main.go': `package main

import (
	"app/wx"
	"bufio"
	"fmt"
	"os"
)

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if answer, err := wx.Get("${BUSINESS}"); err != nil {
			fmt.Println("error:", err)
		} else {
			fmt.Println(string(answer))
		}
	}
}
`,
    },
    tools: ['go'],
    compile: ['go', 'build', '-o', 'main', '.'],
    run: ['./main'],
  },
  Node: {
    language: 'js',
    recipe: 'wx.mjs',
    files: {
      'main.mjs': `import { createInterface } from 'node:readline';
import { wxGet } from './wx.mjs';

for await (const _ of createInterface({ input: process.stdin })) {
  console.log(await wxGet('${BUSINESS}').then(JSON.stringify, (error) => \`error: \${error.message}\`));
}`,
    },
    tools: [],
    run: [process.execPath, 'main.mjs'],
  },
  Ruby: {
    language: 'ruby',
    recipe: 'wx.rb',
    files: {
      'main.rb': `require './wx'
$stdout.sync = true

while $stdin.gets
  begin
    puts JSON.generate(Wx.get('${BUSINESS}'))
  rescue RuntimeError => error
    puts "error: #{error.message}"
  end
end
`,
    },
    tools: ['ruby'],
    run: ['ruby', '-w', 'main.rb'],
  },
  Shell: {
    language: 'sh',
    recipe: 'wx.sh',
    files: {
      'main.sh': `. ./wx.sh
while read -r _; do
  if wx_get ${BUSINESS} > answer 2> problem; then cat answer; else echo "error: $(cat problem)"; fi
done
`,
    },
    tools: ['sh', 'curl'],
    run: ['sh', 'main.sh'],
  },
};

describe.concurrent('recipes of docs/reading.md', () => {
  for (const [name, language] of Object.entries(LANGUAGES)) {
    it(`the ${name} recipe, as it is printed, reads through rotations, absent and empty files, and repeats a refused call once`, async (context) => {
      for (const tool of language.tools) await needsTool(context.skip, tool);
      if (name === 'Java') await needsJava(context.skip);
      const folder = await mkdtemp(join(tmpdir(), 'wx-'));
      context.onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const sandbox = await openSandbox();
      context.onTestFinished(sandbox.close);
      const file = join(folder, 'volume', 'token');
      const ask = await build(context, language, { folder: join(folder, 'app'), file, sandbox });

      expect(await ask()).toBe('error: there is no WeChat token yet');
      await mkdir(dirname(file));
      await writeFile(file, '');
      expect(await ask()).toBe('error: there is no WeChat token yet');
      expect(await sandbox.journal()).toEqual([]);

      let token = '';
      for (let rotation = 0; rotation < ROTATIONS; rotation += 1) {
        token = await rotate(sandbox, file);
        expect(JSON.parse(await ask())).toHaveProperty('ip_list');
        expect(await last(sandbox)).toMatchObject({ path: BUSINESS, tokenSha256: sha256(token) });
      }

      // The volume away in every way that it can be: the last good token is used on.
      const away = [
        () => writeFile(file, ''),
        () => rm(file),
        () => rm(dirname(file), { recursive: true }),
        () => mkdir(file, { recursive: true }),
      ];
      for (const step of away) {
        await step();
        expect(JSON.parse(await ask())).toHaveProperty('ip_list');
        expect(await last(sandbox)).toMatchObject({ path: BUSINESS, tokenSha256: sha256(token) });
      }
      await rm(file, { recursive: true });
      token = await rotate(sandbox, file);

      for (const errcode of [40001, 40014, 42001]) {
        await sandbox.faults([{ kind: 'errcode', errcode, path: BUSINESS, times: 1 }]);
        const before = await sandbox.calls(BUSINESS);
        expect(JSON.parse(await ask())).toHaveProperty('ip_list');
        expect((await sandbox.calls(BUSINESS)) - before).toBe(2);
      }
      await sandbox.faults([{ kind: 'errcode', errcode: 40001, path: BUSINESS }]);
      const before = await sandbox.calls(BUSINESS);
      expect(JSON.parse(await ask())).toMatchObject({ errcode: 40001 });
      expect((await sandbox.calls(BUSINESS)) - before).toBe(2);

      // Another answer than a refused token is not asked for again.
      await sandbox.faults([{ kind: 'errcode', errcode: 45009, path: BUSINESS }]);
      expect(JSON.parse(await ask())).toMatchObject({ errcode: 45009 });
      expect((await sandbox.calls(BUSINESS)) - before).toBe(3);
      expect(await sandbox.calls('/cgi-bin/token')).toBe(ROTATIONS + 1);
    });
  }
});

/** Fetches the next token, which the one before outlives by minutes, and publishes it in one step. */
async function rotate({ url }: TestSandbox, file: string): Promise<string> {
  const { appId, secret } = TEST_ACCOUNT;
  const query = `grant_type=client_credential&appid=${appId}&secret=${secret}`;
  const answer: { access_token: string } = JSON.parse(
    await (await fetch(`${url}/cgi-bin/token?${query}`)).text(),
  );
  await writeFile(`${file}.new`, answer.access_token);
  await rename(`${file}.new`, file);
  return answer.access_token;
}

const last = async (sandbox: TestSandbox) => (await sandbox.journal()).at(-1);

/**
 * Compiles a recipe as it stands on the page, but for its file and WeChat's address, and starts it.
 * @returns makes one call and tells its answer, a line
 */
async function build(
  { onTestFinished }: TestContext,
  { language, recipe, files, compile, run }: Language,
  { folder, file, sandbox }: { folder: string; file: string; sandbox: TestSandbox },
): Promise<() => Promise<string>> {
  const codes = blocksOf(await textOf('docs/reading.md')).filter(
    (block) => block.language === language && block.code.includes('there is no WeChat token yet'),
  );
  expect(codes).toHaveLength(1);
  const code = codes[0]?.code ?? '';
  expect(code).toContain('https://api.weixin.qq.com');
  const written = {
    ...files,
    [recipe]: code.replaceAll('/var/run/wx/token', file).replaceAll('https://api.weixin.qq.com', sandbox.url),
  };
  for (const [name, text] of Object.entries(written)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const options = {
    cwd: folder,
    env: { ...process.env, GOFLAGS: '-mod=mod', GOPROXY: 'off', GOTOOLCHAIN: 'local' },
  };
  if (compile) {
    const [command = '', ...args] = compile;
    const said = await execute(command, args, options);
    expect(said.stdout + said.stderr).toBe('');
  }
  const [command = '', ...args] = run;
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let errors = '';
  child.stderr.on('data', (part) => {
    errors += part;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    child.stdin.write('call\n');
    const { value, done } = await lines.next();
    if (done) throw new Error(`it ended: ${errors}`);
    expect(errors).toBe('');
    return value;
  };
}

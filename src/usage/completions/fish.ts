import type { CommandForm, ValueForm } from '../form.ts';
import { allOptions } from '../help.ts';

/** The script with which fish completes. */
export function fishScript(forms: readonly CommandForm[]): string {
  const commands = forms.map(
    ({ name, summary }) => `${COMPLETE} -n __wx_token_sidecar_first -a ${name} -d ${quoted(summary)}`,
  );
  return `# fish completion for wx-token-sidecar. Write it to ~/.config/fish/completions/wx-token-sidecar.fish, or:
# wx-token-sidecar completion fish | source
function __wx_token_sidecar_first
    set -l words (commandline -opc)
    test (count $words) -eq 1
end

# Without a command the daemon is run.
function __wx_token_sidecar_command
    set -l words (commandline -opc)
    set -l command run
    if set -q words[2]; and not string match -q -- '-*' $words[2]
        set command $words[2]
    end
    test $command = $argv[1]
end

# The names of the configuration that is given on the line, or else by WXTOKEN_CONFIG.
function __wx_token_sidecar_names
    set -l words (commandline -opc)
    set -l config
    for place in (seq (count $words))
        if string match -q -- '--config=*' $words[$place]
            set config --config (string replace -- '--config=' '' $words[$place])
        else if test "$words[$place]" = --config; and set -q words[(math $place + 1)]
            set config --config $words[(math $place + 1)]
        end
    end
    if set -q config[2]
        set config[2] (string replace -r -- '^~/' "$HOME/" $config[2])
    end
    set -l program (string replace -r -- '^~/' "$HOME/" $words[1])
    $program completion --names $config 2>/dev/null </dev/null
end

complete -c wx-token-sidecar -f
${[...commands, ...forms.flatMap(linesOf)].join('\n')}
`;
}

const COMPLETE = 'complete -c wx-token-sidecar';

function linesOf(form: CommandForm): string[] {
  const { name, argument } = form;
  const condition = `-n '__wx_token_sidecar_command ${name}'`;
  return [
    ...allOptions(form).map(
      ([option, { value, what }]) =>
        `${COMPLETE} ${condition} -l ${option}${value ? ` ${argumentOf(value)}` : ''} -d ${quoted(what)}`,
    ),
    ...(argument ? [`${COMPLETE} ${condition} -a ${wordsOf(argument)} -d ${quoted(argument.name)}`] : []),
  ];
}

function argumentOf(value: ValueForm): string {
  if (value.offers === 'files') return '-r -F';
  return value.offers === undefined ? '-x' : `-x -a ${wordsOf(value)}`;
}

function wordsOf({ offers = [] }: ValueForm): string {
  if (offers === 'credentials') return "'(__wx_token_sidecar_names)'";
  if (offers === 'folders') return "'(__fish_complete_directories)'";
  return quoted(typeof offers === 'string' ? '' : offers.join(' '));
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

import type { CommandForm, OptionForm, ValueForm } from '../form.ts';
import { allOptions } from '../help.ts';
import { singleQuoted } from './quote.ts';

/** The script with which zsh completes; a function for a folder of fpath that can be sourced as well. */
export function zshScript(forms: readonly CommandForm[]): string {
  return `#compdef wx-token-sidecar
# zsh completion for wx-token-sidecar. Write it to a folder of fpath as _wx-token-sidecar, or, after compinit:
# source <(wx-token-sidecar completion zsh)
_wx-token-sidecar() {
  local program=$words[1] command=run
  local -a commands=(
${forms.map(({ name, summary }) => `    ${singleQuoted(`${name}:${summary}`)}`).join('\n')}
  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    return
  fi
  if [[ $words[2] != -* ]]; then
    command=$words[2]
    shift words
    ((CURRENT--))
  fi
  case $command in
${forms.map(argumentsOf).join('\n')}
  esac
}

# The names of the configuration that is given on the line, or else by WXTOKEN_CONFIG.
_wx-token-sidecar_names() {
  local -a config names
  local place
  for place in {1..$#words}; do
    case $words[place] in
      --config=*) config=(--config "\${(Q)words[place]#*=}") ;;
      --config) config=(--config "\${(Q)words[place + 1]}") ;;
    esac
  done
  if ((#config)); then config[2]=\${config[2]/#\\~\\//$HOME/}; fi
  names=(\${(f)"$(\${(Q)program/#\\~\\//$HOME/} completion --names $config 2>/dev/null </dev/null)"})
  compadd -a names
}

if [[ $funcstack[1] == _wx-token-sidecar ]]; then
  _wx-token-sidecar "$@"
else
  compdef _wx-token-sidecar wx-token-sidecar
fi
`;
}

function argumentsOf(form: CommandForm): string {
  const { name, argument } = form;
  const specs = [
    ...allOptions(form).map(([option, of]) => optionSpec(option, of)),
    ...(argument ? [`${argument.multiple ? '*' : '1'}:${argument.name}:${actionOf(argument)}`] : []),
  ];
  const lines = specs.map((spec) => ` \\\n        ${singleQuoted(spec)}`);
  return `    ${name})\n      _arguments${lines.join('')}\n      ;;`;
}

function optionSpec(name: string, { multiple, value, what }: OptionForm): string {
  const told = `[${what.replaceAll(/[\\[\]:]/g, '\\$&')}]`;
  const several = multiple ? '*' : '';
  if (!value) return `${several}--${name}${told}`;
  return `${several}--${name}=${told}:${value.name.replaceAll(':', '\\:')}:${actionOf(value)}`;
}

/** A single blank offers nothing. */
function actionOf({ offers = [] }: ValueForm): string {
  if (offers === 'files') return '_files';
  if (offers === 'folders') return '_files -/';
  if (offers === 'credentials') return '_wx-token-sidecar_names';
  return offers.length === 0 ? ' ' : `(${offers.join(' ')})`;
}

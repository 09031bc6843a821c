import type { CommandForm, ValueForm } from '../form.ts';
import { allOptions } from '../help.ts';
import { singleQuoted } from './quote.ts';

/**
 * The script with which bash completes. It needs bash 3.2 or newer and no package. Words are offered through compgen,
 * whose candidates end at a line, so that a path may hold blanks.
 */
export function bashScript(forms: readonly CommandForm[]): string {
  return `# bash completion for wx-token-sidecar. Write it to
# ~/.local/share/bash-completion/completions/wx-token-sidecar, or: . <(wx-token-sidecar completion bash)
_wx_token_sidecar() {
  local cur=\${COMP_WORDS[COMP_CWORD]} flag=\${COMP_WORDS[COMP_CWORD - 1]} command=run offers='' after=no
  COMPREPLY=()
  # Where = breaks words, --flag=value is three of them.
  if [[ $cur == '=' ]]; then
    cur='' after=yes
  elif [[ $flag == '=' ]] && ((COMP_CWORD > 2)); then
    flag=\${COMP_WORDS[COMP_CWORD - 2]} after=yes
  fi
  if ((COMP_CWORD > 1)) && [[ \${COMP_WORDS[1]} != -* ]]; then command=\${COMP_WORDS[1]}; fi
  case "$command $flag" in
${forms.flatMap(valuesOf).join('\n')}
  esac
  if [[ $offers == '' && $after == yes ]]; then return; fi
  if [[ $offers == '' ]] && ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
    offers=${singleQuoted(forms.map(({ name }) => name).join('\n'))}
  elif [[ $offers == '' ]]; then
    case $command in
${forms.flatMap(wordsOf).join('\n')}
    esac
  fi
  local IFS=$'\\n' one
  case $offers in
    '' | nothing) return ;;
    files)
      compopt -o filenames 2>/dev/null
      while read -r one; do COMPREPLY+=("$one"); done < <(compgen -f -- "$cur") ;;
    folders)
      compopt -o filenames 2>/dev/null
      while read -r one; do COMPREPLY+=("$one"); done < <(compgen -d -- "$cur") ;;
    credentials)
      offers=$(_wx_token_sidecar_names)
      while read -r one; do COMPREPLY+=("$one"); done < <(compgen -W "$offers" -- "$cur") ;;
    *)
      while read -r one; do COMPREPLY+=("$one"); done < <(compgen -W "$offers" -- "$cur") ;;
  esac
}

# The names of the configuration that is given on the line, or else by WXTOKEN_CONFIG.
_wx_token_sidecar_names() {
  local i config=()
  for ((i = 1; i < \${#COMP_WORDS[@]}; i++)); do
    case \${COMP_WORDS[i]} in
      --config=*) config=(--config "\${COMP_WORDS[i]#*=}") ;;
      --config)
        if [[ \${COMP_WORDS[i + 1]} == '=' ]]; then ((i++)); fi
        config=(--config "\${COMP_WORDS[i + 1]/#\\~\\//$HOME/}") ;;
    esac
  done
  "\${COMP_WORDS[0]/#\\~\\//$HOME/}" completion --names "\${config[@]}" 2>/dev/null </dev/null
}
complete -F _wx_token_sidecar wx-token-sidecar
`;
}

/** What is offered for the values of the options of a command. */
function valuesOf(form: CommandForm): string[] {
  return allOptions(form).flatMap(([option, { value }]) =>
    value ? [`    ${singleQuoted(`${form.name} --${option}`)}) offers=${offersOf(value)} ;;`] : [],
  );
}

/** What is offered in place of any other word. */
function wordsOf(form: CommandForm): string[] {
  const flags = singleQuoted(
    allOptions(form)
      .map(([option]) => `--${option}`)
      .join('\n'),
  );
  const { name, argument } = form;
  return argument
    ? [`      ${name}) if [[ $cur == -* ]]; then offers=${flags}; else offers=${offersOf(argument)}; fi ;;`]
    : [`      ${name}) offers=${flags} ;;`];
}

function offersOf({ offers }: ValueForm): string {
  if (!offers) return 'nothing';
  return singleQuoted(typeof offers === 'string' ? offers : offers.join('\n'));
}

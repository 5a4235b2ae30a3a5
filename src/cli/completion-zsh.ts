import { type CompletedCommand, type Expected, flagsOf, placesBy, quoted, stepsOf } from './completion-tree.js'

/** For a folder of the fpath, as `_mupdate-bench`, or to be sourced. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `\
#compdef mupdate-bench
# zsh completion of mupdate-bench, as printed by: mupdate-bench completion zsh
_mupdate-bench() {
  local at= word paths=
  local -a flags subs args
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in
      (${stepsOf(commands).map(quoted).join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${Array.from(placesBy(commands, settings), ([setting, places]) => `    (${places.map(quoted).join('|')}) ${setting} ;;\n`).join('')}\
    (*)
      case $at in
${commands.map(command => `        (${quoted(command.path)}) ${settingsAt(command)} ;;\n`).join('')}\
      esac
      if [[ \${words[CURRENT]} == -* ]]; then
        _describe -o option flags
        return
      fi
      ;;
  esac
  local found=1
  (( ! $#subs )) || { _describe command subs && found=0; }
  (( ! $#args )) || { compadd -a args && found=0; }
  [[ $paths != files ]] || { _files && found=0; }
  [[ $paths != folders ]] || { _files -/ && found=0; }
  return found
}
if [[ $funcstack[1] == _mupdate-bench ]]; then
  _mupdate-bench "$@"
else
  compdef _mupdate-bench mupdate-bench
fi
`
}

function settingsAt({ options, subcommands, argument }: CompletedCommand): string {
  const flags = options.flatMap(option => flagsOf(option).map(flag => described(flag, option.description)))
  const subs = subcommands.map(({ name, description }) => described(name, description))
  return `flags=(${flags.join(' ')}) subs=(${subs.join(' ')}) ${settings(argument)}`
}

function settings({ words, paths }: Expected): string {
  return `args=(${words.map(quoted).join(' ')}) paths=${paths ?? ''}`
}

function described(word: string, description: string): string {
  return quoted(`${word}:${description}`)
}

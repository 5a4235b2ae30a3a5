import { type CompletedCommand, type Expected, flagsOf, placesBy, quoted, stepsOf } from './completion-tree.js'

/** Needs bash 4 alone: neither the package bash-completion, nor a start of ours at each TAB. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  return `\
# bash completion of mupdate-bench, as printed by: mupdate-bench completion bash
_mupdate_bench() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at= flags= words= paths= i
  # bash takes --format=html apart.
  [[ $before != = ]] || before=\${COMP_WORDS[COMP_CWORD - 2]}
  [[ $word != = ]] || word=
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/\${COMP_WORDS[i]}" in
      ${stepsOf(commands).map(quoted).join(' | ')}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $before" in
${Array.from(placesBy(commands, settings), ([setting, places]) => `    ${places.map(quoted).join(' | ')}) ${setting} ;;\n`).join('')}\
    *)
      case $at in
${commands.map(command => `        ${quoted(command.path)}) ${settingsAt(command)} ;;\n`).join('')}\
      esac
      [[ $word != -* ]] || { words=$flags paths=; }
      ;;
  esac
  mapfile -t COMPREPLY < <(
    compgen -W "$words" -- "$word"
    [[ -z $paths ]] || compgen "$paths" -- "$word"
  )
  [[ -z $paths ]] || compopt -o filenames 2>/dev/null
}
complete -F _mupdate_bench mupdate-bench
`
}

function settingsAt({ options, subcommands, argument }: CompletedCommand): string {
  const names = subcommands.map(({ name }) => name)
  const flags = quoted(options.flatMap(flagsOf).join(' '))
  return `flags=${flags} ${settings({ ...argument, words: [...names, ...argument.words] })}`
}

function settings({ words, paths }: Expected): string {
  const option = { files: '-f', folders: '-d', none: '' }[paths ?? 'none']
  return `words=${quoted(words.join(' '))} paths=${option}`
}

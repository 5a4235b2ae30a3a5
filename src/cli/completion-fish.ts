import { type CompletedCommand, type CompletedOption, type Expected, stepsOf } from './completion-tree.js'

export function fishCompletion(commands: readonly CompletedCommand[]): string {
  return `\
# fish completion of mupdate-bench, as printed by: mupdate-bench completion fish
function __mupdate_bench_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l at ''
    for word in $words
        switch "$at/$word"
            case ${stepsOf(commands).map(quoted).join(' ')}
                set at (string trim "$at $word")
        end
    end
    test "$at" = "$argv[1]"
end
complete -c mupdate-bench -f
${commands
  .flatMap(linesOf)
  .map(line => `complete -c mupdate-bench ${line}\n`)
  .join('')}`
}

function linesOf({ path, options, subcommands, argument }: CompletedCommand): string[] {
  const here = `-n ${quoted(`__mupdate_bench_at ${quoted(path)}`)}`
  return [
    ...subcommands.map(({ name, description }) => `${here} -a ${name} -d ${quoted(description)}`),
    ...(argument.words.length > 0 ? [`${here} -a ${quoted(argument.words.join(' '))}`] : []),
    ...(argument.paths === undefined ? [] : [`${here} -F`]),
    ...options.map(option => `${here}${flagsOf(option)} -d ${quoted(option.description)}`),
  ]
}

function flagsOf({ short, long, value }: CompletedOption): string {
  const flags = `${short === undefined ? '' : ` -s ${short.slice(1)}`}${long === undefined ? '' : ` -l ${long.slice(2)}`}`
  return value === undefined ? flags : `${flags} ${settings(value)}`
}

function settings({ words, paths }: Expected): string {
  if (paths === 'files') return '-r -F'
  if (paths === 'folders') return `-x -a '(__fish_complete_directories)'`
  return words.length > 0 ? `-x -a ${quoted(words.join(' '))}` : '-x'
}

/** As fish reads it: within quotes, a backslash and a quote are written with a backslash before them. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`
}

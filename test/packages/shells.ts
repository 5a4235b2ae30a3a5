import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'

/** A shell that completes for us, as one does without a terminal. */
interface CompletingShell {
  readonly shell: 'bash' | 'zsh' | 'fish'
  /** Below `/usr/share`, where Debian's package of the shell looks. */
  readonly file: string
  /** What the shell says of the program once it has that file. */
  loaded(path: string): string
  /** What it offers for the last word of a line. */
  words(path: string, line: readonly string[]): string[]
}

const BASH = `
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_mupdate_bench
printf '%s\\n' "\${COMPREPLY[@]}"`

/** What zsh's own functions would do with a terminal: show what they are given. */
const ZSH = `
fpath=("$1" $fpath); shift
autoload -Uz _mupdate-bench
_describe() { local name=\${@[-1]}; print -rl -- "\${(@P)name}" }
compadd() { local name=\${@[-1]}; print -rl -- "\${(@P)name}" }
_files() { if [[ $1 == -/ ]]; then print -rl -- \${words[CURRENT]}*(N/); else print -rl -- \${words[CURRENT]}*(N); fi }
words=("$@") CURRENT=$#
_mupdate-bench`

export const SHELLS: readonly CompletingShell[] = [
  {
    shell: 'bash',
    file: 'bash-completion/completions/mupdate-bench',
    loaded: path => printed('bash', '--norc', '-c', 'source "$1"; complete -p mupdate-bench', 'bash', path),
    words: (path, line) => offered(printed('bash', '--norc', '-c', BASH, 'bash', path, ...line), line),
  },
  {
    shell: 'zsh',
    file: 'zsh/vendor-completions/_mupdate-bench',
    loaded: path =>
      printed(
        'zsh',
        '-f',
        '-c',
        'fpath=("$1" $fpath); autoload -Uz compinit; compinit -D -u; print -r -- $_comps[mupdate-bench]',
        'zsh',
        dirname(path),
      ),
    words: (path, line) =>
      offered(printed('zsh', '-f', '-c', ZSH, 'zsh', dirname(path), ...line), line).map(word => word.split(':')[0]!),
  },
  {
    shell: 'fish',
    file: 'fish/vendor_completions.d/mupdate-bench.fish',
    loaded: path => printed('fish', '--no-config', '-c', 'source $argv[1]; complete -c mupdate-bench', path),
    words: (path, line) => {
      const script = 'source $argv[1]; complete -C $argv[2]'
      const lines = printed('fish', '--no-config', '-c', script, path, line.join(' '))
      return offered(lines, line).map(word => word.split('\t')[0]!)
    },
  },
]

/** Shells may have more in mind than what begins so. */
function offered(lines: string, line: readonly string[]): string[] {
  return lines.split('\n').filter(word => word !== '' && word.startsWith(line.at(-1)!))
}

function printed(command: string, ...args: string[]): string {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 })
  if (error !== undefined || stderr !== '') throw new Error(`${command}: ${error?.message ?? stderr}`)
  return stdout
}

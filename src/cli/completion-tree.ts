import type { Argument, Command, Option } from 'commander'

/** What may stand in a place: some words, paths, or, where it is neither, what only the user knows. */
export interface Expected {
  readonly words: readonly string[]
  readonly paths?: 'files' | 'folders'
}

export interface CompletedOption {
  readonly short?: string
  readonly long?: string
  readonly description: string
  /** Absent where the next word is not the option's, or need not be. */
  readonly value?: Expected
}

export interface CompletedCommand {
  /** All of its words behind the program's name, which itself has none: `dump inspect`. */
  readonly path: string
  readonly options: readonly CompletedOption[]
  readonly subcommands: readonly { readonly name: string; readonly description: string }[]
  readonly argument: Expected
}

/** The program and all below it, in the order of the help. */
export function completedCommands(
  command: Command,
  profiles: readonly string[],
  path: readonly string[] = [],
): CompletedCommand[] {
  return [
    {
      path: path.join(' '),
      options: command.createHelp().visibleOptions(command).map(completedOption),
      subcommands: command.commands.map(sub => ({ name: sub.name(), description: sub.description() })),
      argument: expectedArgument(command.registeredArguments[0], profiles),
    },
    ...command.commands.flatMap(sub => completedCommands(sub, profiles, [...path, sub.name()])),
  ]
}

/** The ways from one command to another: `/run`, `dump/inspect`. */
export function stepsOf(commands: readonly CompletedCommand[]): string[] {
  return commands.flatMap(({ path, subcommands }) => subcommands.map(({ name }) => `${path}/${name}`))
}

/** The places where the next word is an option's, `report -f` and `report --format`, by what a shell is told of it. */
export function placesBy(
  commands: readonly CompletedCommand[],
  settings: (value: Expected) => string,
): Map<string, string[]> {
  const places = new Map<string, string[]>()
  for (const { path, options } of commands) {
    for (const option of options) {
      if (option.value === undefined) continue
      const key = settings(option.value)
      places.set(key, [...(places.get(key) ?? []), ...flagsOf(option).map(flag => `${path} ${flag}`)])
    }
  }
  return places
}

export function flagsOf({ short, long }: CompletedOption): string[] {
  return [short, long].filter(flag => flag !== undefined)
}

/** As bash and zsh read it, whatever it holds. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function completedOption({ short, long, description, required, flags, argChoices }: Option): CompletedOption {
  return {
    ...(short !== undefined && { short }),
    ...(long !== undefined && { long }),
    description,
    ...(required && { value: argChoices === undefined ? expectedValue(flags) : { words: argChoices } }),
  }
}

/** By what the help calls it: `<file>`, `<[day=]file>`, `<dir>`. */
function expectedValue(flags: string): Expected {
  if (/<.*file\b/.test(flags)) return { words: [], paths: 'files' }
  return flags.includes('<dir>') ? { words: [], paths: 'folders' } : { words: [] }
}

/** Where several may follow, or others, they are as the first: but for profiles all are files, or folders of results. */
function expectedArgument(argument: Argument | undefined, profiles: readonly string[]): Expected {
  if (argument === undefined) return { words: [] }
  if (argument.argChoices !== undefined) return { words: argument.argChoices }
  return { words: argument.name() === 'profile' ? profiles : [], paths: 'files' }
}

import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command, InvalidArgumentError, Option } from 'commander'
import { HarnessError, messageOf } from '../core/errors.js'
import { commands, json36, text24 } from '../generators/dump.js'
import { mailboxes } from '../generators/mailboxes.js'
import { loadProfile } from '../profile/load.js'
import { collect } from './options.js'

const WRITERS = { commands, json: json36, text: text24 } as const

interface GenerateFlags {
  readonly format: keyof typeof WRITERS
  readonly output?: string
  readonly seed?: number
  readonly set: string[]
}

export function generateCommand(): Command {
  return new Command('generate')
    .description('write the mailboxes of a profile’s site: as commands of a backend, or as a dump to load into Cyrus')
    .argument('<profile>', 'name of a ready profile, or the path of one')
    .addOption(
      new Option('--format <format>', 'ACTIVATE commands, a 3.6 JSON dump, or a 2.4 text dump')
        .choices(Object.keys(WRITERS))
        .default('commands'),
    )
    .option('--output <file>', 'where to; without it, to stdout')
    .option('--seed <number>', 'instead of the profile’s', wholeNumber)
    .option('--set <key=value>', 'change a value of the profile; may be repeated', collect, [])
    .addHelpText(
      'after',
      '\nExample:\n  mupdate-bench generate bulk-500k --format json --set site.mailboxes=1000 | head',
    )
    .action(async (nameOrPath: string, flags: GenerateFlags) => {
      const { site, seed } = loadProfile(nameOrPath, flags.set)
      await write(WRITERS[flags.format](mailboxes(site, flags.seed ?? seed)), flags.output)
    })
}

async function write(pieces: Iterable<Buffer>, path: string | undefined): Promise<void> {
  // The pieces are big: one in hand is enough.
  const source = Readable.from(pieces, { highWaterMark: 1 })
  try {
    if (path === undefined) await pipeline(source, process.stdout, { end: false })
    else await pipeline(source, createWriteStream(path))
  } catch (error) {
    // A reader that has seen enough (head) is no error.
    if (path === undefined && (error as NodeJS.ErrnoException).code === 'EPIPE') return
    const where = path ?? 'stdout'
    throw new HarnessError('USAGE', `cannot write to ${where}: ${messageOf(error)}`, 'give a place with room', {
      cause: error,
    })
  }
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It is no whole number.')
  return value
}

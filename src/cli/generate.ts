import { Command, Option } from 'commander'
import { listedSite } from '../engine/listed-site.js'
import { LIST_WRITERS, written } from '../generators/dump.js'
import { mailboxes } from '../generators/mailboxes.js'
import { loadProfile } from '../profile/load.js'
import { collect, wholeNumber } from './options.js'
import { siteSets } from './site-sets.js'
import { writePieces } from './write-pieces.js'

interface GenerateFlags {
  readonly format: keyof typeof LIST_WRITERS
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
        .choices(Object.keys(LIST_WRITERS))
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
      const { site, seed } = loadProfile(nameOrPath, await siteSets(nameOrPath, flags.set))
      const records = mailboxes(await listedSite(site), flags.seed ?? seed)
      await writePieces(written(flags.format, records), flags.output)
    })
}

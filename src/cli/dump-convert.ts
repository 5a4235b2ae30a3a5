import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import type { MailboxRecord } from '../core/mailbox.js'
import { entitySeed } from '../core/random.js'
import { parsePercent } from '../core/units.js'
import { Anonymiser } from '../dumps/anonymiser.js'
import type { DumpEntry } from '../dumps/dump-entry.js'
import { recordOf } from '../dumps/record-of.js'
import { ownerOf } from '../core/mailbox-owner.js'
import { LIST_WRITERS, writtenBatches } from '../generators/dump.js'
import { type DumpFlags, dumpOptions, GivenDump } from './given-dump.js'
import { unreadable } from '../core/given-files.js'
import { wholeNumber } from './options.js'
import { writePieces } from './write-pieces.js'

interface ConvertFlags extends DumpFlags {
  readonly to: keyof typeof LIST_WRITERS
  readonly output?: string
}

interface SampleFlags extends ConvertFlags {
  readonly share: number
  readonly seed: number
}

interface AnonymiseFlags extends ConvertFlags {
  readonly keyFile?: string
}

export function dumpConvertCommand(): Command {
  return converting(new Command('convert'))
    .description('write a dump in another form: as a 2.4 or a 3.6 master would, or as commands of a backend')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench dump convert old.txt.gz --to json --output new.json
  mupdate-bench dump convert be1.txt --server be1.example.com --to text | gzip > be1.gz

Tombstones are left out, as nobody is told of them; what was moving is active.
Exit status: 0, or 2 for what is no dump, or says of a mailbox not where it lies.`,
    )
    .action((path: string, flags: ConvertFlags) => convert(path, flags, entry => entry))
}

export function dumpSampleCommand(): Command {
  return converting(new Command('sample'))
    .description('keep some of the users of a dump, each with all its mailboxes')
    .requiredOption('--share <percent>', 'how many of them', share)
    .option('--seed <number>', 'others by chance', wholeNumber, 1)
    .addHelpText(
      'after',
      `
Example:
  mupdate-bench dump sample mboxlist.gz --share 5% --to json --output small.json

Shared mailboxes are taken one by one, by the same share.`,
    )
    .action((path: string, flags: SampleFlags) =>
      convert(path, flags, entry => (isSampled(entry, flags) ? entry : undefined)),
    )
}

export function dumpAnonymiseCommand(): Command {
  return converting(new Command('anonymise'))
    .description('put other letters for those of names, identifiers and hosts, so that nobody is known by them')
    .option('--key-file <file>', 'what is in it says which: the same for several dumps of one site (else by chance)')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench dump anonymise mboxlist.gz --to text --output for-others.txt
  head -c 32 /dev/urandom > key; mupdate-bench dump anonymise be1.txt --server be1 --key-file key

A letter for a letter, a digit for a digit, by a secret permutation: names stay different and as long as they
were, a user is the same in names and ACLs; signs between letters, folders that everybody has, anyone, rights
and the order in the file stay. What stays tells something too: who has many folders is still known by that.
Who has the key can find the names again: do not give it away.`,
    )
    .action((path: string, flags: AnonymiseFlags) => {
      const anonymiser = new Anonymiser(keyOf(flags.keyFile))
      return convert(path, flags, entry => anonymiser.entry(entry))
    })
}

/** @throws {HarnessError} `USAGE` for one that can be guessed */
function keyOf(path: string | undefined): Uint8Array {
  if (path === undefined) return randomBytes(KEY_BYTES)
  const key = keyIn(path)
  if (key.length < LEAST_KEY_BYTES)
    throw new HarnessError(
      'USAGE',
      `${path}: ${key.length} bytes are no secret`,
      `give ${LEAST_KEY_BYTES} bytes or more, as head -c ${KEY_BYTES} /dev/urandom makes them`,
    )
  return key
}

function keyIn(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

const KEY_BYTES = 32
const LEAST_KEY_BYTES = 16

function converting(command: Command): Command {
  return dumpOptions(command)
    .argument('<file>', 'of ctl_mboxlist -d of any version from 2.2 on, also packed by gzip; - is standard input')
    .addOption(
      new Option('--to <form>', 'a 2.4 text dump, a 3.6 JSON dump, or ACTIVATE commands')
        .choices(Object.keys(LIST_WRITERS))
        .default('json'),
    )
    .option('--output <file>', 'where to; without it, to stdout')
}

/** @returns undefined for what is left out */
type Change = (entry: DumpEntry) => DumpEntry | undefined

async function convert(path: string, flags: ConvertFlags, change: Change): Promise<void> {
  const dump = new GivenDump(path, flags)
  await writePieces(writtenBatches(flags.to, changed(dump, change)), flags.output)
  if (dump.bad > 0) process.stderr.write(`${dump.bad} lines that are no mailbox were left out\n`)
}

async function* changed(dump: GivenDump, change: Change): AsyncGenerator<MailboxRecord[]> {
  for await (const entries of dump.batches())
    yield entries.flatMap(entry => {
      const kept = entry.state === 'deleted' ? undefined : change(entry)
      return kept === undefined ? [] : [recordOf(kept, dump.path)]
    })
}

function isSampled({ name }: DumpEntry, { share, seed }: SampleFlags): boolean {
  // What was his and waits to be expired goes with him.
  const owner = ownerOf(name.replace(/(^|!)DELETED\./, '$1'))
  return (entitySeed(seed, owner || name, 0) >>> 0) / 2 ** 32 < share
}

function share(text: string): number {
  const value = parsePercent(text)
  if (value === undefined || value <= 0 || value > 1) throw new InvalidArgumentError('Write for example 5%.')
  return value
}

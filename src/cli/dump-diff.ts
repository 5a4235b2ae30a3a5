import { Command } from 'commander'
import { EXIT } from '../core/exit-status.js'
import { formatCount } from '../core/units.js'
import { DIFFERENCE_KINDS, differenceOf } from '../dumps/difference.js'
import { ComparingDumps, type Differences } from './comparing-dumps.js'
import { type DumpFlags, dumpOptions, GivenDump } from './given-dump.js'
import { Progress } from './progress.js'

interface DiffFlags extends DumpFlags {
  readonly json?: true
}

export function dumpDiffCommand(): Command {
  return dumpOptions(new Command('diff'))
    .description('what two dumps have otherwise, in whatever form and order')
    .argument('<first>', 'of ctl_mboxlist -d of any version from 2.2 on, also packed by gzip')
    .argument('<second>', 'likewise')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench dump diff before.txt.gz after.json
  mupdate-bench dump diff master.json be1.txt --server be1.example.com

Tombstones are left out. A mailbox that is twice in a dump is taken once.
Exit status: 0 for the same, 4 for different ones, 2 for what is no dump.`,
    )
    .action(diff)
}

async function diff(first: string, second: string, flags: DiffFlags): Promise<void> {
  const progress = new Progress()
  const comparing = new ComparingDumps()
  try {
    const given = [first, second].map(path => new GivenDump(path, flags))
    for (const [which, dump] of given.entries()) {
      progress.note(`reading ${dump.path}`)
      for await (const entries of dump.batches()) await comparing.add(which as 0 | 1, entries)
    }
    progress.note('comparing')
    const { same, differences } = await comparing.compared(DIFFERENCE_KINDS, differenceOf)
    progress.clear()
    process.stdout.write(flags.json ? asJson(same, differences) : asText(same, differences))
    for (const { bad, path } of given)
      if (bad > 0) process.stderr.write(`${path}: ${bad} lines that are no mailbox were left out, and not compared\n`)
    if (DIFFERENCE_KINDS.some(kind => differences[kind].count > 0)) process.exitCode = EXIT.threshold
  } finally {
    progress.clear()
    comparing.kill()
  }
}

function asJson(same: number, differences: Differences): string {
  const found = Object.entries(differences).map(([kind, { count, first }]) => ({ kind, count, first }))
  return `${JSON.stringify({ same, differences: found }, null, 2)}\n`
}

function asText(same: number, differences: Differences): string {
  const lines = [`${formatCount(same)} the same`]
  for (const kind of DIFFERENCE_KINDS) {
    const { count, first } = differences[kind]
    if (count > 0) lines.push(`${formatCount(count)} ${kind}:`, ...first.map(name => `  ${JSON.stringify(name)}`))
  }
  return `${lines.join('\n')}\n`
}

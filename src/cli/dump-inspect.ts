import { Command } from 'commander'
import { databaseKey } from '../core/database-key.js'
import { Inspection, OrderedNames, SortedNames } from '../dumps/inspection.js'
import { ownerOf } from '../core/mailbox-owner.js'
import { inspectionJson, inspectionText } from '../report/dump/inspection.js'
import { type DumpFlags, dumpOptions, GivenDump } from './given-dump.js'
import { LineSorter } from './line-sorter.js'
import { Progress } from './progress.js'

interface InspectFlags extends DumpFlags {
  readonly json?: true
}

export function dumpInspectCommand(): Command {
  return dumpOptions(new Command('inspect'))
    .description('what is in a dump: servers, users, lengths, and what is odd about it')
    .argument('<file>', 'of ctl_mboxlist -d of any version from 2.2 on, also packed by gzip; - is standard input')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench dump inspect mboxlist.txt.gz
  sudo -u cyrus ctl_mboxlist -d | mupdate-bench dump inspect -
  mupdate-bench dump inspect be1.txt --server be1.example.com --on-bad-line report

It only reads. Names of mailboxes are shown where something is odd about them, and of the user with the most.
Exit status: 0, or 2 for what is no dump, or has a line that is no mailbox and --on-bad-line stop.`,
    )
    .action(inspect)
}

async function inspect(path: string, flags: InspectFlags): Promise<void> {
  const progress = new Progress()
  const dump = new GivenDump(path, flags)
  const inspection = new Inspection()
  const [byOwner, byKey] = [new LineSorter(), new LineSorter()]
  progress.note(`reading ${path}`)
  try {
    for await (const entries of dump.batches()) {
      for (const entry of entries) inspection.add(entry)
      const there = entries.filter(({ state }) => state !== 'deleted')
      await byOwner.add(there.map(({ name }) => `${ownerOf(name)}\t${name}`))
      await byKey.add(there.map(({ name }) => `${databaseKey(name)}\t${name}`))
    }
    progress.note(`sorting ${path}`)
    const names = new SortedNames()
    await eachPair(byOwner, (owner, name) => names.add(owner, name))
    names.end()
    const ordered = new OrderedNames()
    await eachPair(byKey, (_key, name) => ordered.add(name))
    const found = inspectionJson(path, { ...dump.end!, bad: dump.bad }, inspection, names, ordered)
    progress.clear()
    process.stdout.write(flags.json ? `${JSON.stringify(found, null, 2)}\n` : inspectionText(found))
  } finally {
    progress.clear()
    byOwner.kill()
    byKey.kill()
  }
}

async function eachPair(sorter: LineSorter, use: (first: string, second: string) => void): Promise<void> {
  for await (const lines of sorter.sorted()) {
    for (const line of lines) {
      const tab = line.indexOf('\t')
      use(line.slice(0, tab), line.slice(tab + 1))
    }
  }
}

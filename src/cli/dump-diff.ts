import { Command } from 'commander'
import { EXIT } from '../core/exit-status.js'
import { formatCount } from '../core/units.js'
import {
  DIFFERENCE_KINDS,
  type DifferenceKind,
  differenceOf,
  parseSortedLine,
  type SortedLine,
  sortedLine,
} from '../dumps/difference.js'
import { LineCursor } from '../dumps/line-cursor.js'
import { Findings } from '../dumps/spread.js'
import { type DumpFlags, dumpOptions, GivenDump } from './given-dump.js'
import { LineSorter } from './line-sorter.js'
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

type Differences = Record<DifferenceKind, Findings>

async function diff(first: string, second: string, flags: DiffFlags): Promise<void> {
  const progress = new Progress()
  const sorters = [new LineSorter(), new LineSorter()] as const
  try {
    await fill(sorters[0], new GivenDump(first, flags), progress)
    await fill(sorters[1], new GivenDump(second, flags), progress)
    progress.note('comparing')
    const { same, differences } = await compared(new Mailboxes(sorters[0]), new Mailboxes(sorters[1]))
    progress.clear()
    process.stdout.write(flags.json ? asJson(same, differences) : asText(same, differences))
    if (DIFFERENCE_KINDS.some(kind => differences[kind].count > 0)) process.exitCode = EXIT.threshold
  } finally {
    progress.clear()
    for (const sorter of sorters) sorter.kill()
  }
}

async function fill(sorter: LineSorter, dump: GivenDump, progress: Progress): Promise<void> {
  progress.note(`reading ${dump.path}`)
  for await (const entries of dump.batches()) {
    const there = entries.filter(({ state }) => state !== 'deleted')
    await sorter.add(
      there.map(({ name, state, server, partition, acl }) =>
        sortedLine({ name, state, location: `${server}!${partition}`, acl }),
      ),
    )
  }
}

/** Sorted by name, each once. */
class Mailboxes {
  private readonly lines: LineCursor
  private before: string | undefined

  constructor(sorter: LineSorter) {
    this.lines = new LineCursor(sorter.sorted())
  }

  async next(): Promise<SortedLine | undefined> {
    for (;;) {
      const text = await this.lines.next()
      if (text === undefined) return undefined
      const line = parseSortedLine(text)
      if (line.name === this.before) continue
      this.before = line.name
      return line
    }
  }
}

async function compared(first: Mailboxes, second: Mailboxes): Promise<{ same: number; differences: Differences }> {
  const differences = Object.fromEntries(DIFFERENCE_KINDS.map(kind => [kind, new Findings()])) as Differences
  let same = 0
  let [a, b] = [await first.next(), await second.next()]
  while (a !== undefined || b !== undefined) {
    const [isFirst, isSecond] = [comes(a, b), comes(b, a)]
    const kind = differenceOf(isFirst ? a : undefined, isSecond ? b : undefined)
    if (kind === undefined) same++
    else differences[kind].add((isFirst ? a : b)!.name)
    if (isFirst) a = await first.next()
    if (isSecond) b = await second.next()
  }
  return { same, differences }
}

/** Whether it comes no later than the other. */
function comes(one: SortedLine | undefined, other: SortedLine | undefined): boolean {
  // By what they were sorted by: the name and its tab.
  return one !== undefined && (other === undefined || `${one.name}\t` <= `${other.name}\t`)
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

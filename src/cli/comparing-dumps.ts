import {
  DIFFERENCE_KINDS,
  type DifferenceKind,
  differenceOf,
  parseSortedLine,
  type SortedLine,
  sortedLine,
} from '../dumps/difference.js'
import type { DumpEntry } from '../dumps/dump-entry.js'
import { LineCursor } from '../dumps/line-cursor.js'
import { Findings } from '../dumps/spread.js'
import { LineSorter } from './line-sorter.js'

export type Differences = Readonly<Record<DifferenceKind, Findings>>

/** What two dumps have otherwise, in whatever order, in memory that does not grow with them. */
export class ComparingDumps {
  private readonly sorters = [new LineSorter(), new LineSorter()] as const

  /** @param which of the two it is of; tombstones are left out */
  async add(which: 0 | 1, entries: readonly DumpEntry[]): Promise<void> {
    const there = entries.filter(({ state }) => state !== 'deleted')
    await this.addRecords(
      which,
      there.map(({ name, state, server, partition, acl }) => ({
        name,
        state,
        location: `${server}!${partition}`,
        acl,
      })),
    )
  }

  async addRecords(which: 0 | 1, records: readonly SortedLine[]): Promise<void> {
    await this.sorters[which].add(records.map(sortedLine))
  }

  /** Once, when all were added. */
  compared(): Promise<{ readonly same: number; readonly differences: Differences }> {
    const [first, second] = this.sorters
    return compared(new Mailboxes(first), new Mailboxes(second))
  }

  kill(): void {
    for (const sorter of this.sorters) sorter.kill()
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
  const differences = Object.fromEntries(DIFFERENCE_KINDS.map(kind => [kind, new Findings()])) as Record<
    DifferenceKind,
    Findings
  >
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

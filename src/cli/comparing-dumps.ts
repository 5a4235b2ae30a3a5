import { type DifferenceKind, parseSortedLine, type SortedLine, sortedLine } from '../dumps/difference.js'
import type { DumpEntry } from '../dumps/dump-entry.js'
import { LineCursor } from '../dumps/line-cursor.js'
import { Findings } from '../dumps/spread.js'
import { LineSorter } from './line-sorter.js'

export type Differences<K extends string = DifferenceKind> = Readonly<Record<K, Findings>>

/** How two of the same name differ, of which one may not be there; undefined where they do not. */
type KindOf<K> = (a: SortedLine | undefined, b: SortedLine | undefined) => K | undefined

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
  compared<K extends string>(
    kinds: readonly K[],
    kindOf: KindOf<K>,
  ): Promise<{ readonly same: number; readonly differences: Differences<K> }> {
    const [first, second] = this.sorters.map(sorter => new Mailboxes(sorter))
    return compared(first!, second!, kinds, kindOf)
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

async function compared<K extends string>(
  first: Mailboxes,
  second: Mailboxes,
  kinds: readonly K[],
  kindOf: KindOf<K>,
): Promise<{ same: number; differences: Differences<K> }> {
  const differences = Object.fromEntries(kinds.map(kind => [kind, new Findings()])) as Record<K, Findings>
  let same = 0
  let [a, b] = [await first.next(), await second.next()]
  while (a !== undefined || b !== undefined) {
    const [isFirst, isSecond] = [comes(a, b), comes(b, a)]
    const kind = kindOf(isFirst ? a : undefined, isSecond ? b : undefined)
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

import { HarnessError } from '../core/errors.js'
import { LineCursor } from '../dumps/line-cursor.js'
import { sourceLine } from '../dumps/reconciliation-line.js'
import { NameJoin, type Outcome, outcomesOf } from '../dumps/reconciliation-run.js'
import type { GivenDump } from './given-dump.js'
import { LineSorter } from './line-sorter.js'

/** What one of the dumps has, tombstones left out. */
export interface DumpRead {
  mailboxes: number
  /** By the server that it names; empty where it names none. */
  readonly servers: Map<string, number>
}

/** Dumps of a master and of its backends brought together, in memory that does not grow with them. */
export class Reconciling {
  /** All lines of a mailbox together. */
  private readonly byName = new LineSorter()
  /** What each run does, as it comes to it. */
  private readonly byTurn = new LineSorter()
  /** What the master tells each run is to be there, as it tells it. */
  private readonly listed = new LineSorter()

  /** @throws {HarnessError} `USAGE` for a backend's, which says not where its mailboxes lie */
  async readMaster(dump: GivenDump): Promise<DumpRead> {
    return this.read(dump, 0, true)
  }

  /** @param backend which one, from 0: the order of the runs */
  async readBackend(dump: GivenDump, backend: number): Promise<DumpRead> {
    return this.read(dump, backend + 1, false)
  }

  /**
   * Once, when all were read.
   *
   * @param servers names of the backends
   * @param isUnified they are slaves too
   * @yields those of the first backend, then the others': first what is deleted from the master, then its own in their order
   */
  async *outcomes(servers: readonly string[], isUnified: boolean): AsyncGenerator<readonly Outcome[]> {
    const join = new NameJoin(servers)
    for await (const lines of this.byName.sorted()) {
      for (const line of lines) join.add(line)
      await this.handOn(join)
    }
    join.end()
    await this.handOn(join)
    yield* outcomesOf(this.byTurn.sorted(), new LineCursor(this.listed.sorted()), isUnified)
  }

  kill(): void {
    for (const sorter of [this.byName, this.byTurn, this.listed]) sorter.kill()
  }

  private async handOn(join: NameJoin): Promise<void> {
    const { steps, listed } = join
    join.steps = []
    join.listed = []
    await this.byTurn.add(steps)
    await this.listed.add(listed)
  }

  private async read(dump: GivenDump, source: number, isMaster: boolean): Promise<DumpRead> {
    const read: DumpRead = { mailboxes: 0, servers: new Map() }
    for await (const entries of dump.batches()) {
      const lines: string[] = []
      for (const entry of entries) {
        const { state, server, name } = entry
        if (state === 'deleted') continue
        if (isMaster && server === '') throw noMaster(dump.path, name)
        read.servers.set(server, (read.servers.get(server) ?? 0) + 1)
        lines.push(sourceLine(source, ++read.mailboxes, entry))
      }
      await this.byName.add(lines)
    }
    return read
  }
}

function noMaster(path: string, name: string): HarnessError {
  return new HarnessError(
    'USAGE',
    `${path}: it does not say where ${name} lies: it is no master’s`,
    'give the master’s dump first, then those of backends',
  )
}

import type { EventLine, SlaveLine } from '../../metrics/second-line.js'
import { ColumnTable, rowOf } from './columns.js'
import type { LiveSecond, PhaseBegun } from './live-facts.js'
import { isMarked, MOST_ROWS } from './marked.js'
import type { PageEvent, PhaseSpan, RunPageData, SlaveRows } from './page-data.js'
import { SlaveTracks } from './slave-states.js'

/** A run of which nothing is known. */
export const NO_RUN_YET: RunPageData = {
  name: '',
  durationS: 0,
  binS: 1,
  series: { times: [], columns: {} },
  threads: [],
  phases: [],
  thrash: null,
  pegged: [],
  events: [],
  slaves: { count: 0, resolutionS: 0, rows: [] },
  curves: [],
  missing: {},
}

/** What has come of a run so far. */
export class RunModel {
  readonly table = new ColumnTable()
  readonly pegged: (readonly [number, number])[]
  private readonly tracks = new SlaveTracks()
  private readonly lastMoveMs = new Map<number, number>()
  private readonly phases: PhaseSpan[]
  private readonly events: PageEvent[]
  /** Undefined: slaves have moved since. */
  private rows: SlaveRows | undefined
  private mostSlaves: number

  constructor(private readonly data: RunPageData) {
    this.table.times.push(...data.series.times)
    for (const [key, values] of Object.entries(data.series.columns)) this.table.columns[key] = [...values]
    this.pegged = [...data.pegged]
    this.phases = [...data.phases]
    this.events = [...data.events]
    this.rows = data.slaves
    this.mostSlaves = data.slaves.count
    for (const row of data.slaves.rows) this.tracks.restore(row)
  }

  get backdrop() {
    return { phases: this.phases, thrash: this.data.thrash, events: this.events }
  }

  /** More than can be rows, once and for all: who moves is not told any more then. */
  get hasTooManyRows(): boolean {
    return this.mostSlaves > MOST_ROWS
  }

  /** Made when it is asked for: in a storm there are many moves to one drawing. */
  get slaves(): SlaveRows {
    this.rows ??= this.rowsNow()
    return this.rows
  }

  addSecond(line: LiveSecond): void {
    const row = rowOf(line)
    let count = 0
    for (const [state, slaves] of Object.entries(line.standings)) {
      row[`state.${state}`] = slaves
      count += slaves
    }
    this.mostSlaves = Math.max(this.mostSlaves, count)
    this.table.add(line.atMs / 1000, row)
    for (const [from, to] of line.master?.peggedSpansMs ?? []) this.pegged.push([from / 1000, to / 1000])
    this.endPhase(line.atMs / 1000)
  }

  addPhase({ name, startMs, isLimit }: PhaseBegun): void {
    const fromS = startMs / 1000
    this.endPhase(fromS)
    this.phases.push({ name, fromS, toS: fromS, timed: !isLimit })
  }

  /** One from before what is known of the slave already, as after a long absence, is left out. */
  addSlaveMove(line: SlaveLine): void {
    if (line.atMs < (this.lastMoveMs.get(line.slave) ?? 0)) return
    this.lastMoveMs.set(line.slave, line.atMs)
    this.tracks.add(line)
    this.rows = undefined
  }

  addEvent({ atMs, kind, detail }: EventLine): void {
    if (atMs !== null && isMarked(kind)) this.events.push({ atS: atMs / 1000, kind, detail })
  }

  /** The one under way reaches up to here. */
  private endPhase(toS: number): void {
    const phase = this.phases.at(-1)
    if (phase !== undefined) this.phases[this.phases.length - 1] = { ...phase, toS }
  }

  private rowsNow(): SlaveRows {
    const { rows } = this.tracks
    this.mostSlaves = Math.max(this.mostSlaves, rows.length)
    return { count: rows.length, resolutionS: 0, rows: this.hasTooManyRows ? [] : rows }
  }
}

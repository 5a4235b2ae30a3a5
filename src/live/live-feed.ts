import type { SlaveMove } from '../metrics/interval.js'
import type { RunResult } from '../metrics/run-result.js'
import type { EventLine, SecondLine, SlaveLine } from '../metrics/second-line.js'
import { round3 } from '../metrics/tally.js'
import type { LiveSecond, PhaseBegun, RunEnd, RunFacts } from '../report/page/live-facts.js'
import { isMarked, MOST_ROWS } from '../report/page/marked.js'
import { ProbeWatch } from '../report/page/probe-watch.js'
import { Standings } from '../slaves/standing.js'
import type { EventLog } from './event-log.js'
import type { LiveMetrics } from './live-metrics.js'

/** Of those that only slaves met: in a storm there are thousands, and all are in `events.ndjson`. */
const MOST_EVENTS_PER_SECOND = 30
/** A busy master writes more lines than anybody reads. */
const UNTOLD = 'master-syslog'

/** Puts what a run tells into the log of those who watch, and into the metrics. */
export class LiveFeed {
  private readonly standings = new Standings()
  private readonly probes = new ProbeWatch()
  private facts: RunFacts | undefined
  private events = 0
  /** At one time. Of more than can be rows only numbers are told. */
  private mostSlaves = 0

  constructor(
    private readonly log: EventLog,
    private readonly metrics: LiveMetrics,
    private readonly onNews: () => void,
  ) {}

  /** The master is up. */
  begin(facts: RunFacts): void {
    this.facts = facts
    this.mostSlaves = facts.slaveCount
    this.metrics.begin(facts)
    this.log.begin(facts.id)
    this.log.append('hello', facts)
    this.onNews()
  }

  phase(index: number, startMs: number): void {
    const phases = this.facts?.phases ?? []
    const begun: PhaseBegun = { ...phases[index], number: index + 1, count: phases.length, startMs: round3(startMs) }
    this.log.append('phase', begun)
    this.onNews()
  }

  /** @param second a line of `series.ndjson` */
  second(second: SecondLine, result: RunResult): void {
    if (this.events > MOST_EVENTS_PER_SECOND) {
      const detail = `${this.events - MOST_EVENTS_PER_SECOND} more: see events.ndjson`
      this.log.append('event', { atMs: second.atMs, kind: 'more', detail })
    }
    this.events = 0
    const standings = this.standings.counts
    this.metrics.update(result, second, standings)
    const told: LiveSecond = { ...second, standings }
    const noop = this.probes.see(second)
    this.log.append('second', told, noop === 'none answered' ? Infinity : (noop?.p99 ?? 0))
    this.onNews()
  }

  /** @param event a line of `events.ndjson`; what the profile or the master did is told whatever slaves meet */
  event(event: EventLine): void {
    if (event.kind === UNTOLD) return
    const isKept = event.kind === 'phase' || isMarked(event.kind)
    if (isKept) this.log.append('event', event, Infinity)
    else if (this.events++ < MOST_EVENTS_PER_SECOND) this.log.append('event', event)
  }

  /** @param lines the same moves, as of `slaves.ndjson` */
  moves(moves: readonly SlaveMove[], lines: readonly SlaveLine[]): void {
    this.standings.add(moves)
    this.mostSlaves = Math.max(this.mostSlaves, this.standings.known)
    if (lines.length > 0 && this.mostSlaves <= MOST_ROWS) this.log.append('moves', lines)
  }

  end({ state, verdict }: Pick<RunResult, 'state' | 'verdict'>): void {
    this.finish({ kind: 'result', state, verdict })
  }

  /** The run came to no result. */
  fail(reason: string): void {
    this.finish({ kind: 'failure', reason })
  }

  private finish(end: RunEnd): void {
    this.log.append('end', end)
    this.onNews()
  }
}

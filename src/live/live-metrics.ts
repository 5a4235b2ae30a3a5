import type { MetricSummary, RunResult } from '../metrics/run-result.js'
import type { Standing } from '../slaves/standing.js'
import type { SecondLine } from '../metrics/second-line.js'
import type { RunFacts } from '../report/page/live-facts.js'
import { Exposition, outcomes, type Timing } from './prometheus.js'

const PREFIX = 'mupdate_bench'
/** Ours → as a label. */
const NOOPS: Readonly<Record<string, string>> = {
  'NOOP.plain': 'plain',
  'NOOP.stream': 'stream',
  'NOOP.slave': 'slave',
}

interface Look {
  readonly result: RunResult
  readonly second: SecondLine
  readonly standings: Readonly<Record<Standing, number>>
}

/** The run for Prometheus. Written once a second at most, however many ask. */
export class LiveMetrics {
  private facts: RunFacts | undefined
  private look: Look | undefined
  private written: Promise<{ text: string; contentType: string }> | undefined
  private readonly grown = new Map<string, number>()

  begin(facts: RunFacts): void {
    this.facts = facts
    this.written = undefined
  }

  update(result: RunResult, second: SecondLine, standings: Readonly<Record<Standing, number>>): void {
    this.look = { result, second, standings }
    this.written = undefined
  }

  text(): Promise<{ text: string; contentType: string }> {
    this.written ??= this.write()
    return this.written
  }

  private async write(): Promise<{ text: string; contentType: string }> {
    const page = new Exposition((key, value) => {
      const most = Math.max(value, this.grown.get(key) ?? 0)
      this.grown.set(key, most)
      return most
    })
    if (this.facts !== undefined) {
      const { id, profile, master } = this.facts
      const labels = {
        run_id: id,
        profile: profile.name,
        seed: String(profile.seed),
        master_kind: master.kind,
        master_version: master.version,
      }
      page.gauge(`${PREFIX}_run_info`, 'The run that is told of here.', [[labels, 1]])
    }
    if (this.look !== undefined) {
      addRun(page, this.look)
      addTimes(page, this.look)
      addSlaves(page, this.look)
      addMaster(page, this.look)
      addHarness(page, this.look)
    }
    return { text: await page.text(), contentType: page.contentType }
  }
}

function addRun(page: Exposition, { result, second }: Look): void {
  const none = {}
  page.gauge(`${PREFIX}_run_elapsed_seconds`, 'Since the start of the first phase.', [[none, result.durationMs / 1e3]])
  page.gauge(
    `${PREFIX}_phase_active`,
    '1 for the phase that goes on.',
    result.phases.map(({ name }) => [{ phase: name }, name === second.phase ? 1 : 0]),
  )
  page.gauge(`${PREFIX}_mailboxes_preloaded`, 'Created before measuring.', [[none, second.counters.preloaded]])
  page.gauge(`${PREFIX}_operations_in_flight`, 'Under way now.', [[none, second.counters.operationsInFlight]])
  page.gauge(`${PREFIX}_operations_queued`, 'Waiting for their backend now.', [
    [none, second.counters.operationsQueued],
  ])
  page.counter(
    `${PREFIX}_operations_total`,
    'Operations of backends that ended or were given up.',
    each(result, 'operations').flatMap(({ phase, name, metric }) => [...outcomes({ phase, operation: name }, metric)]),
  )
  page.counter(
    `${PREFIX}_commands_total`,
    'Commands that ended or were given up.',
    each(result, 'commands').flatMap(({ phase, name, metric }) => [...outcomes({ phase, command: name }, metric)]),
  )
}

/** Quantiles are those of the phase so far, as in run.json; `recent` ones of the last second. */
function addTimes(page: Exposition, { result, second }: Look): void {
  const noops = each(result, 'commands').filter(({ name }) => name in NOOPS)
  const others = each(result, 'commands').filter(({ name }) => !(name in NOOPS))
  const operations = each(result, 'operations')
  const noopLabels = ({ phase, name }: Named) => ({ phase, kind: NOOPS[name] })
  const commandLabels = ({ phase, name }: Named) => ({ phase, command: name })
  const operationLabels = ({ phase, name }: Named) => ({ phase, operation: name })
  const add = (what: string, help: string, named: readonly Named[], labels: (of: Named) => Record<string, string>) => {
    for (const time of ['response', 'service'] as const) {
      const since = time === 'response' ? 'from the intended start' : 'from the sending'
      page.summary(`${PREFIX}_${what}_${time}_seconds`, `${help}, ${since}.`, timings(named, time, labels))
    }
  }
  add('noop', 'Time of a NOOP on a plain or streaming connection, or of a slave', noops, noopLabels)
  add('operation', 'Time of a whole operation of a backend', operations, operationLabels)
  add('command', 'Time of a command other than NOOP', others, commandLabels)
  const recent = Object.entries(second.commands).filter(([name]) => name in NOOPS)
  page.gauge(
    `${PREFIX}_noop_recent_response_seconds`,
    'Response time of NOOPs in the last second.',
    recent.flatMap(([name, { responseTimeUs: time }]) =>
      (['p50', 'p99', 'max'] as const).map(
        statistic =>
          [{ kind: NOOPS[name], statistic }, time === undefined ? undefined : time[statistic] / 1e6] as const,
      ),
    ),
  )
}

function addSlaves(page: Exposition, { result, standings }: Look): void {
  const { slaves } = result
  const none = {}
  page.gauge(
    `${PREFIX}_slaves`,
    'Slaves by what they are at.',
    Object.entries(standings).map(([state, count]) => [{ state: state.replace(' ', '-') }, count]),
  )
  page.counter(`${PREFIX}_slave_timeouts_total`, 'Slaves that gave their connection up after silence.', [
    [none, slaves.timeouts],
  ])
  page.counter(`${PREFIX}_slave_resyncs_total`, 'Lists that slaves fetched again.', [[none, slaves.resyncs]])
  page.counter(`${PREFIX}_slave_drops_total`, 'Connections of slaves that ended.', [[none, slaves.drops]])
  page.counter(`${PREFIX}_slave_list_bytes_total`, 'Of records in lists that slaves fetched again.', [
    [none, slaves.listBytes],
  ])
  page.counter(`${PREFIX}_slave_update_bytes_total`, 'Of records that streamed to slaves after a list.', [
    [none, slaves.updateBytes],
  ])
}

function addMaster(page: Exposition, { result, second }: Look): void {
  const { cpu, threads, restarts } = result.master
  const none = {}
  const isWatched = cpu.meanCores !== null
  const cpuS = isWatched ? threads.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1e3 : null
  page.counter(`${PREFIX}_master_cpu_seconds_total`, 'CPU time of the master, all threads.', [[none, cpuS]])
  page.counter(`${PREFIX}_master_cpu_wait_seconds_total`, 'Time its threads waited for a CPU, summed.', [
    [none, seconds(cpu.waitMs)],
  ])
  page.counter(`${PREFIX}_master_pegged_seconds_total`, 'Time in which it had no room left on one CPU.', [
    [none, seconds(cpu.peggedMs)],
  ])
  page.counter(`${PREFIX}_master_restarts_total`, 'Restarts of the master.', [[none, restarts]])
  page.gauge(`${PREFIX}_master_resident_memory_bytes`, 'Its memory in the last second.', [
    [none, second.master?.rssPeakBytes],
  ])
  page.gauge(`${PREFIX}_master_open_descriptors`, 'Its descriptors in the last second.', [
    [none, second.master?.descriptorsPeak],
  ])
  page.gauge(`${PREFIX}_master_threads`, 'Its threads in the last second.', [[none, second.master?.threadsPeak]])
}

function addHarness(page: Exposition, { result: { generator }, second }: Look): void {
  const none = {}
  page.gauge(`${PREFIX}_harness_saturated`, '1 when the harness, not the master, was the limit.', [
    [none, generator.saturated ? 1 : 0],
  ])
  page.gauge(`${PREFIX}_harness_cpu_cores`, 'CPU of the harness, all its threads, on average.', [
    [none, generator.cpuCores],
  ])
  page.gauge(`${PREFIX}_harness_event_loop_delay_seconds`, 'How late a thread came round, p99 of the worst second.', [
    [none, generator.eventLoopDelayUs && generator.eventLoopDelayUs.p99 / 1e6],
  ])
  page.counter(`${PREFIX}_harness_dropped_arrivals_total`, 'Operations given up since too many were waiting.', [
    [none, generator.droppedArrivals],
  ])
  const agents = second.harness?.agents ?? []
  page.gauge(
    `${PREFIX}_agent_up`,
    'Whether it still takes part in the run.',
    agents.map(({ id, name, isLost }) => [{ agent: name, id }, isLost ? 0 : 1]),
  )
  page.gauge(
    `${PREFIX}_agent_cpu_cores`,
    'CPU of its process in the last second.',
    agents.map(({ id, name, cpuCores, isLost }) => [{ agent: name, id }, isLost ? undefined : cpuCores]),
  )
  page.counter(`${PREFIX}_harness_read_bytes_total`, 'Read on connections of slaves and operations.', [
    [none, generator.bytesRead],
  ])
  page.counter(`${PREFIX}_harness_written_bytes_total`, 'Written on connections of slaves and operations.', [
    [none, generator.bytesWritten],
  ])
}

interface Named {
  readonly phase: string
  readonly name: string
  readonly metric: MetricSummary
}

function each({ phases }: RunResult, group: 'operations' | 'commands'): Named[] {
  return phases.flatMap(phase =>
    Object.entries(phase[group]).map(([name, metric]) => ({ phase: phase.name, name, metric })),
  )
}

function timings(
  named: readonly Named[],
  time: 'response' | 'service',
  labels: (of: Named) => Record<string, string>,
): Timing[] {
  return named.flatMap(of => {
    const measured = of.metric[`${time}TimeUs`]
    return measured === undefined ? [] : [{ labels: labels(of), time: measured }]
  })
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1e3
}

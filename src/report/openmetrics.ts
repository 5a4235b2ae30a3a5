import type { RunResult } from '../metrics/run-result.js'
import { metricFamilies, summaryOf } from './openmetrics-metrics.js'
import { type Family, type Labels, openMetricsText, type Sample } from './openmetrics-text.js'

const PREFIX = 'mupdate_bench'
const VERDICTS = ['pass', 'fail', 'inconclusive', 'invalid'] as const
const THRASH = ['none', 'ended', 'sustained'] as const

/**
 * A run's figures as OpenMetrics text in base units, of those types that Prometheus's older text format has too: the
 * textfile collector reads that one. All are gauges but the times: a figure of one run, not a counter that goes on.
 */
export function openMetrics(run: RunResult): string {
  const { name, seed } = run.profile
  const labels = { profile: name, seed, master_kind: run.master.kind, master_version: run.master.version }
  return openMetricsText(
    [
      ...runFamilies(run),
      ...masterFamilies(run),
      ...slaveFamilies(run),
      ...harnessFamilies(run),
      ...metricFamilies(run),
    ]
      .map(family => ({ ...family, name: `${PREFIX}_${family.name}` }))
      .map(family => ({ ...family, samples: family.samples.map(sample => labelled(sample, labels)) })),
  )
}

function labelled(sample: Sample, labels: Labels): Sample {
  return { ...sample, labels: { ...labels, ...sample.labels } }
}

function runFamilies(run: RunResult): Family[] {
  const { id, state, simulated, harness, verdict } = run
  const phases = run.phases.map(({ name, durationMs }) => ({ labels: { phase: name }, value: durationMs / 1e3 }))
  return [
    {
      ...gauge('run_info', 'Which run this is; state running: cut off, or still going on.', 1),
      samples: [{ labels: { id, state, simulated: String(simulated), version: harness.version }, value: 1 }],
    },
    gauge(
      'run_ended',
      '1 when the run came to its end, 0 when it was interrupted, cut off or goes on.',
      +(state === 'ended'),
    ),
    seconds('run_start_time_seconds', 'When it began, since the epoch.', Date.parse(run.startedAt)),
    seconds('run_duration_seconds', 'How long it took.', run.durationMs),
    { ...seconds('phase_duration_seconds', 'How long each phase took.', null), samples: phases },
    {
      ...gauge('verdict', '1 for the verdict of the run.', null),
      samples: stateSet('result', VERDICTS, verdict.result),
    },
    {
      ...gauge('threshold', '1 for the result of each threshold; absent in an invalid run.', null),
      samples: (verdict.result === 'invalid' ? [] : verdict.thresholds).flatMap(({ threshold, result }) =>
        stateSet('result', VERDICTS.slice(0, 3), result).map(sample => labelled(sample, { threshold })),
      ),
    },
  ]
}

function masterFamilies({ master }: RunResult): Family[] {
  const { cpu } = master
  return [
    gauge('master_cpu_cores', 'CPU that the master used, in CPUs, over the run.', cpu.meanCores),
    ratio('master_peak_thread_ratio', 'Largest share of a CPU that one of its threads used.', cpu.peakThreadShare),
    seconds('master_pegged_seconds', 'Time in which it was on a CPU, or waiting for one, 95 % or more.', cpu.peggedMs),
    seconds('master_cpu_wait_seconds', 'Time that its threads waited for a CPU.', cpu.waitMs),
    bytes('master_resident_memory_peak_bytes', 'Most memory that it had.', master.rssPeakBytes),
    gauge('master_descriptors_peak', 'Most descriptors that it had open.', master.descriptorsPeak),
    gauge('master_threads_peak', 'Most threads that it had.', master.threadsPeak),
    bytes('master_written_bytes', 'What it caused to be written to storage.', master.writeBytes),
    gauge('master_disk_flushes', 'Syncs that reached the disk under its database.', master.diskFlushes),
    gauge('master_mailboxes', 'Entries of a LIST after the run.', master.mailboxesListed),
    gauge('master_restarts', 'How often it was restarted.', master.restarts),
  ]
}

function slaveFamilies({ slaves }: RunResult): Family[] {
  const { thrash, propagationUs } = slaves
  const propagation = (['first', 'median', 'last', 'all'] as const).flatMap(which => {
    const time = propagationUs?.[which] ?? null
    return time === null ? [] : summaryOf(time, { slave: which })
  })
  return [
    gauge('slaves', 'How many the profile has.', slaves.count),
    gauge('slaves_streaming', 'Those with their list, at the end.', slaves.streaming),
    gauge('slaves_streaming_least', 'Fewest that streamed at one time.', slaves.leastStreaming),
    gauge('slave_resyncs', 'Lists fetched after the first of each.', slaves.resyncs),
    gauge('slave_timeouts', 'Connections that slaves gave up.', slaves.timeouts),
    gauge('slave_drops', 'Connections lost, time-outs included.', slaves.drops),
    gauge('slave_kicks', 'Kicks answered or refused.', slaves.kicks),
    { ...gauge('thrash', '1 for what became of it.', null), samples: stateSet('state', THRASH, thrash.state) },
    gauge('thrash_timeouts', 'Time-outs while another slave’s list was on its way.', thrash.causedTimeouts),
    seconds('dump_hold_seconds', 'For how long one list keeps the others waiting.', slaves.dumpHoldMs),
    gauge(
      'slave_differences',
      'Mailboxes of which slaves or master hold what they should not.',
      slaves.differenceCount,
    ),
    {
      ...seconds('propagation_seconds', 'From a writer’s OK to a slave’s record of the change.', null),
      type: 'summary',
      samples: propagation,
    },
    gauge('propagation_missing', 'Deliveries that never came.', propagationUs?.missing ?? null),
  ]
}

function harnessFamilies({ generator, noiseFloor }: RunResult): Family[] {
  const { eventLoopDelayUs, scheduleSlipUs } = generator
  const statistics = (values: Readonly<Record<string, number>>, perSecond: number): Sample[] =>
    Object.entries(values).map(([statistic, value]) => ({ labels: { statistic }, value: value / perSecond }))
  const floor = noiseFloor && { p50: noiseFloor.p50Ns, p99: noiseFloor.p99Ns, max: noiseFloor.maxNs }
  return [
    gauge(
      'harness_saturated',
      '1 when the harness was the limit: figures say nothing of the master.',
      +generator.saturated,
    ),
    gauge('harness_cpu_cores', 'CPU that the harness used, in CPUs.', generator.cpuCores),
    ratio('harness_steal_ratio', 'CPU time of the host that the hypervisor gave to others.', generator.stealShare),
    gauge('harness_dropped_arrivals', 'Arrivals given up.', generator.droppedArrivals),
    {
      ...seconds('harness_event_loop_delay_seconds', 'How late its worst thread came round.', null),
      samples: eventLoopDelayUs === null ? [] : statistics(eventLoopDelayUs, 1e6),
    },
    {
      ...seconds('harness_schedule_slip_seconds', 'How late operations were sent, or queued.', null),
      type: 'summary',
      samples: scheduleSlipUs === null ? [] : summaryOf(scheduleSlipUs, {}),
    },
    {
      ...seconds('noise_floor_seconds', 'A TCP echo by the code of the probes.', null),
      samples: floor === null ? [] : statistics(floor, 1e9),
    },
  ]
}

function gauge(name: string, help: string, value: number | null): Family {
  return { name, help, type: 'gauge', samples: value === null ? [] : [{ labels: {}, value }] }
}

function seconds(name: string, help: string, ms: number | null): Family {
  return { ...gauge(name, help, ms === null ? null : ms / 1e3), unit: 'seconds' }
}

function bytes(name: string, help: string, value: number | null): Family {
  return { ...gauge(name, help, value), unit: 'bytes' }
}

function ratio(name: string, help: string, share: number | null): Family {
  return { ...gauge(name, help, share), unit: 'ratio' }
}

function stateSet(label: string, states: readonly string[], current: string): Sample[] {
  return states.map(state => ({ labels: { [label]: state }, value: +(state === current) }))
}

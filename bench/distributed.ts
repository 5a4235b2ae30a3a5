import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunResult } from '../src/metrics/run-result.js'
import { natsServer } from '../test/support/nats-server.js'
import type { Row } from './against-mupref.js'
import { runProfile } from './own.js'
import { median } from './pairs.js'
import { METRICS, SAMPLES, simulatedMetric } from './simulated-metrics.js'
import { Started } from './started.js'

/** By `--workers`, and by agents of one thread beside the run's own. */
const WAYS = [
  { way: '1 worker', workers: 1, agents: 0 },
  { way: '2 workers', workers: 2, agents: 0 },
  { way: '4 workers', workers: 4, agents: 0 },
  { way: '1 agent', workers: 0, agents: 1 },
  { way: '2 agents', workers: 0, agents: 2 },
  { way: '4 agents', workers: 0, agents: 4 },
] as const
type Way = (typeof WAYS)[number]

/** One run has no spread. */
const LEAST_ROUNDS = 3
const SIMULATED_AGENTS = 100
const CONTROLLER_SHARE = 0.25
const START_SKEW_MS = 5

interface Figures {
  readonly way: string
  /** What has to be the same in all. */
  readonly work: string
  readonly isWhole: boolean
  readonly deliveriesPerSecond: number
  readonly p99Ms: number
  readonly startSkewMs: number
  readonly phaseSkewMs: number
  /** Of the run's own process. */
  readonly cores: number
  readonly verdict: string
}

/** The same work in one thread, in several and in agents on this machine; and what a hundred agents cost who merges them. */
export async function benchDistributed(count: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
  const nats = await natsServer()
  try {
    return [...(await workRows(nats.url, folder, Math.max(LEAST_ROUNDS, count))), await controllerRow(nats.url, count)]
  } finally {
    await nats.stop()
    rmSync(folder, { recursive: true })
  }
}

async function workRows(url: string, folder: string, rounds: number): Promise<Row[]> {
  const runs: Figures[] = []
  for (let i = 0; i < rounds; i++) {
    // In changing order, so that what drifts takes from all.
    for (const way of i % 2 === 0 ? WAYS : WAYS.toReversed()) {
      const figures = await dealtOut(way, url, folder)
      runs.push(figures)
      process.stdout.write(`distributed ${i + 1}/${rounds} ${JSON.stringify(figures)}\n`)
    }
  }
  const by = (way: string, key: 'deliveriesPerSecond' | 'p99Ms' | 'cores' | 'startSkewMs') =>
    runs.filter(run => run.way === way).map(run => run[key])
  const whole = runs.filter(({ work, isWhole }) => isWhole && work === runs[0]!.work).length
  const rates = WAYS.map(({ way }) => `${way} ${(median(by(way, 'deliveriesPerSecond')) / 1e3).toFixed(0)}`)
  const alone = by(WAYS[0].way, 'p99Ms')
  const [least, most] = [Math.min(...alone), Math.max(...alone)]
  const others = WAYS.slice(1).map(({ way }) => ({ way, ms: median(by(way, 'p99Ms')) }))
  const skews = WAYS.slice(1).map(({ way }) => ({ way, ms: Math.max(...by(way, 'startSkewMs')) }))
  const phaseSkewMs = Math.max(...runs.map(run => run.phaseSkewMs))
  const cores = WAYS.map(({ way }) => median(by(way, 'cores')).toFixed(2))
  return [
    {
      work: 'the same work and catalogue with 1, 2, 4 workers and 1, 2, 4 agents, held by all slaves',
      target: 'all',
      measured: `${whole} of ${runs.length} (${runs[0]!.work}); thousand slaves × updates/s: ${rates.join(', ')}`,
      holds: whole === runs.length,
    },
    {
      work: 'NOOP.plain p99 beside them',
      target: `within the spread with one worker: ${least.toFixed(1)}–${most.toFixed(1)} ms`,
      measured: `${others.map(({ way, ms }) => `${way} ${ms.toFixed(1)}`).join(', ')} ms; the run’s own process at ${cores.join(', ')} cores`,
      holds: others.every(({ ms }) => ms <= most),
    },
    {
      work: 'how far apart the first and the last thread of load began',
      target: `≤ ${START_SKEW_MS} ms, always`,
      measured: `${skews.map(({ way, ms }) => `${way} ${ms.toFixed(1)}`).join(', ')} ms at worst of ${rounds} (later phases, at work: ${phaseSkewMs.toFixed(0)})`,
      holds: skews.every(({ ms }) => ms <= START_SKEW_MS),
    },
  ]
}

async function dealtOut({ way, workers, agents }: Way, url: string, folder: string): Promise<Figures> {
  const save = join(folder, 'list.json')
  const waiting = Array.from({ length: agents }, (_, i) =>
    Started.cli(['agent', '--nats', url, '--name', `agent-${i}`, '--capacity', '1', '--spool', join(folder, 'spool')]),
  )
  try {
    for (const agent of waiting) await agent.says(/ waits at /)
    const options = agents > 0 ? ['--agents', String(agents), '--nats', url] : ['--workers', String(workers)]
    const { result } = await runProfile('distributed', [`master.settings.save=${save}`], 'embedded', options)
    return { way, ...figuresOf(result, createHash('sha256').update(readFileSync(save)).digest('hex')) }
  } finally {
    await Promise.all(waiting.map(agent => agent.stop()))
  }
}

function figuresOf({ slaves, phases, master, generator, verdict }: RunResult, digest: string): Omit<Figures, 'way'> {
  const work = phases.find(({ name }) => name === 'work')!
  const drain = phases.find(({ name }) => name === 'drain')!
  const { count: creates, failed } = work.steps['step.create']!
  const deliveries = slaves.propagationUs?.all?.count ?? 0
  // Until each slave had what was sent, and its NOOP after it.
  const seconds = (work.durationMs + drain.durationMs + (slaves.convergeMs ?? Infinity)) / 1e3
  return {
    work: `${creates} creates, ${failed} failed, ${deliveries} deliveries, ${master.mailboxesListed} mailboxes, ${slaves.differenceCount} differences, ${slaves.propagationUs?.missing} missing, SHA-256 ${digest.slice(0, 12)}…`,
    isWhole: slaves.differenceCount === 0 && slaves.propagationUs?.missing === 0 && slaves.followed === slaves.count,
    deliveriesPerSecond: deliveries / seconds,
    startSkewMs: (generator.startSkewUs ?? Infinity) / 1e3,
    phaseSkewMs: (generator.phaseSkewUs ?? Infinity) / 1e3,
    p99Ms: (work.commands['NOOP.plain']?.responseTimeUs?.p99 ?? Infinity) / 1e3,
    cores: generator.cpuCores ?? NaN,
    verdict: [verdict.result, ...verdict.reasons].join('; '),
  }
}

/** What they say is said by another process; the run's own has one slave, and no probes. */
async function controllerRow(url: string, count: number): Promise<Row> {
  const shares: number[] = []
  for (let i = 0; i < Math.ceil(count / 2); i++) {
    const crowd = Started.bench('simulated-agents', [url, String(SIMULATED_AGENTS)])
    try {
      await crowd.says(/waiting/)
      const options = ['--agents', String(SIMULATED_AGENTS), '--nats', url]
      const { result } = await runProfile('controller', [], 'embedded', options)
      const lost = result.generator.agents!.filter(agent => agent.lost !== null).length
      const samples = Math.min(
        ...Array.from({ length: METRICS }, (_, m) => result.phases[0]!.commands[simulatedMetric(m)]?.count ?? 0),
      )
      // A second at either end is not asked for.
      const least = SIMULATED_AGENTS * SAMPLES * (result.durationMs / 1e3 - 2)
      if (lost > 0 || samples < least)
        throw new Error(`${lost} agents were lost, ${samples} samples came: ${result.verdict.reasons.join('; ')}`)
      shares.push(result.generator.cpuCores!)
      process.stdout.write(
        `controller ${i + 1} ${result.generator.cpuCores} cores, ${samples} samples of each metric\n`,
      )
    } finally {
      await crowd.stop()
    }
  }
  const share = median(shares)
  return {
    work: `a run of ${SIMULATED_AGENTS} agents, each with ${METRICS} histograms a second: CPU of its own process`,
    target: `≤ ${100 * CONTROLLER_SHARE} % of a core`,
    measured: `${(100 * share).toFixed(0)} %`,
    holds: share <= CONTROLLER_SHARE,
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import { mailboxes } from '../src/generators/mailboxes.js'
import { embeddedMaster } from '../src/masters/embedded/embedded-master.js'
import type { Master } from '../src/masters/master.js'
import type { RunResult } from '../src/metrics/run-result.js'
import { loadProfile } from '../src/profile/load.js'
import { Client } from '../src/session/client.js'
import type { Row } from './against-mupref.js'
import { median, outcome, rssBytes } from './pairs.js'

const MAILBOXES = 500_000
const clock = monotonicClock(monotonicOriginS())

/** The embedded master by itself: creates, dump, memory. */
export async function benchEmbedded(count: number): Promise<Row[]> {
  const runs: { createS: number; dumpPerSecond: number; rssMb: number }[] = []
  for (let i = 0; i < count; i++) {
    const master = embeddedMaster()
    await master.start()
    const createS = await createAll(master)
    const dumpPerSecond = await dump(master)
    const rssMb = rssBytes(master.pid()) / 1e6
    await master.stop()
    runs.push({ createS, dumpPerSecond, rssMb })
    process.stdout.write(`embedded ${i + 1}/${count} ${JSON.stringify(runs[i])}\n`)
  }
  const createS = median(runs.map(run => run.createS))
  const dumps = median(runs.map(run => run.dumpPerSecond)) / 1e6
  const rssMb = median(runs.map(run => run.rssMb))
  return [
    {
      work: 'embedded: 500k × (RESERVE + ACTIVATE)',
      target: '≤ 15 s',
      measured: `${createS.toFixed(2)} s`,
      holds: createS <= 15,
    },
    { work: 'embedded: dump', target: '≥ 1 M mailboxes/s', measured: `${dumps.toFixed(2)} M/s`, holds: dumps >= 1 },
    { work: 'embedded: memory at 500k', target: '≤ 250 MB', measured: `${rssMb.toFixed(0)} MB`, holds: rssMb <= 250 },
  ]
}

async function connect(master: Master): Promise<Client> {
  return Client.connect({ address: master.address, credentials: master.credentials, clock })
}

async function createAll(master: Master): Promise<number> {
  const client = await connect(master)
  const startNs = clock.nowNs()
  let failed = 0
  const done = (status: string) => {
    if (status !== 'OK') failed++
  }
  const handler = { onDone: done, onLost: () => done('lost') }
  const site = { ...loadProfile('frontends-500k').site, mailboxes: MAILBOXES }
  for (const record of mailboxes(site, 1)) {
    client.queue({ kind: 'RESERVE', name: record.name, location: record.location }, handler)
    client.queue({ kind: 'ACTIVATE', ...record }, handler)
    if (client.inFlight >= 256) {
      client.flush()
      while (client.inFlight > 128) await new Promise(resolve => setImmediate(resolve))
    }
  }
  await client.request({ kind: 'NOOP' })
  const seconds = (clock.nowNs() - startNs) / 1e9
  if (failed > 0) throw new Error(`${failed} creates failed`)
  await client.logout()
  return seconds
}

async function dump(master: Master): Promise<number> {
  const { records, ms } = await timedList(master)
  return records / (ms / 1e3)
}

/** A whole list, of which each record is only counted. */
export async function timedList(master: Master): Promise<{ readonly records: number; readonly ms: number }> {
  const client = await connect(master)
  const startNs = clock.nowNs()
  let records = 0
  const count = () => {
    records++
  }
  await new Promise<void>((resolve, reject) => {
    client.update(undefined, { onRecord: count, onDone: () => resolve(), onLost: reject }, { onRecord: count })
  })
  const ms = (clock.nowNs() - startNs) / 1e6
  await client.logout()
  return { records, ms }
}

/** A run of a profile of the bench, by the command line. */
export async function runProfile(
  profile: string,
  sets: readonly string[] = [],
  master = 'embedded',
  further: readonly string[] = [],
): Promise<{ result: RunResult; rssPeakBytes: number }> {
  const cli = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
  const path = fileURLToPath(new URL(`../../bench/${profile}.yaml`, import.meta.url))
  const out = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
  try {
    const options = ['--master', master, ...sets.flatMap(set => ['--set', set]), ...further]
    const args = ['run', path, '--json', '--quiet', '--out', out, ...options]
    const { text, rssPeakBytes } = await outcome(process.execPath, [cli, ...args])
    return { result: JSON.parse(text) as RunResult, rssPeakBytes }
  } finally {
    rmSync(out, { recursive: true })
  }
}

/** 5,000 operations a second in the open model over kept connections: does the harness keep its plan? */
export async function benchOpenModel(count: number): Promise<Row[]> {
  const runs: RunResult[] = []
  for (let i = 0; i < count; i++) {
    const { result } = await runProfile('open-5000')
    runs.push(result)
    const { scheduleSlipUs, droppedArrivals } = result.generator
    process.stdout.write(
      `open ${i + 1}/${count} slip p99 ${scheduleSlipUs?.p99} µs, dropped ${droppedArrivals}, ${result.verdict.result}\n`,
    )
  }
  const slipMs = median(runs.map(run => run.generator.scheduleSlipUs?.p99 ?? Infinity)) / 1000
  const dropped = runs.reduce((sum, run) => sum + run.generator.droppedArrivals, 0)
  const valid = runs.filter(run => run.verdict.result === 'pass').length
  return [
    {
      work: 'open model, 5,000 operations/s: slip p99',
      target: '≤ 2 ms',
      measured: `${slipMs.toFixed(2)} ms`,
      holds: slipMs <= 2,
    },
    {
      work: 'open model: arrivals dropped, runs valid',
      target: '0, all',
      measured: `${dropped}, ${valid} of ${runs.length}`,
      holds: dropped === 0 && valid === runs.length,
    },
  ]
}

/** Mailboxes a second, and whether memory stays where it is over 10 million. */
export function benchGenerator(count: number): Row[] {
  const rates: number[] = []
  const { site } = loadProfile('bulk-500k')
  for (let i = 0; i < count; i++) {
    const startNs = clock.nowNs()
    let bytes = 0
    for (const { name } of mailboxes({ ...site, mailboxes: 1_000_000 }, i)) bytes += name.length
    rates.push(1e6 / ((clock.nowNs() - startNs) / 1e9))
    process.stdout.write(`generator ${i + 1}/${count} ${(rates[i] / 1e6).toFixed(2)} M/s (${bytes} bytes of names)\n`)
  }
  let most = 0
  let seen = 0
  for (const _ of mailboxes({ ...site, mailboxes: 10_000_000 }, 1)) {
    if (++seen % 500_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed)
  }
  const rate = median(rates) / 1e6
  return [
    {
      work: 'generator, realistic names',
      target: '≥ 1 M mailboxes/s',
      measured: `${rate.toFixed(2)} M/s`,
      holds: rate >= 1,
    },
    {
      work: 'generator, 10 million: heap at most',
      target: 'constant (≤ 100 MB)',
      measured: `${(most / 1e6).toFixed(0)} MB`,
      holds: most <= 100e6,
    },
  ]
}

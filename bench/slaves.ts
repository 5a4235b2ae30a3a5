import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import { mailboxes } from '../src/generators/mailboxes.js'
import { loadProfile } from '../src/profile/load.js'
import { Catalogue } from '../src/slaves/catalogue.js'
import { Follower } from '../src/slaves/follower.js'
import { Ledger } from '../src/slaves/ledger.js'
import { encodeCommand } from '../src/wire/encode.js'
import { DEFAULT_LIMITS } from '../src/wire/limits.js'
import { RecordScanner } from '../src/wire/record-scanner.js'
import type { Row } from './against-mupref.js'
import { runProfile } from './own.js'
import { median } from './pairs.js'

const clock = monotonicClock(monotonicOriginS())
const MAILBOXES = 500_000
/** As much as a socket gives at once. */
const CHUNK_BYTES = 64 * 1024
const SLAVES = 10_000
const FEW_SLAVES = 100

/** Lists of 500k read from memory and kept account of, after the first, in which all names are new. */
export function benchDigest(count: number): Row[] {
  const list = listOf(MAILBOXES)
  const ledger = new Ledger(new Catalogue(MAILBOXES), { reached: () => {} })
  const rates: number[] = []
  for (let i = 0; i <= count; i++) {
    const follower = new Follower(ledger.catalogue, ledger, i)
    const startNs = clock.nowNs()
    follower.beginList()
    read(list, follower)
    follower.endList(clock.nowNs())
    const rate = MAILBOXES / ((clock.nowNs() - startNs) / 1e9)
    if (follower.holding.count !== MAILBOXES) throw new Error(`${follower.holding.count} mailboxes were read`)
    process.stdout.write(`digest ${i}/${count} ${(rate / 1e6).toFixed(2)} M/s${i === 0 ? ', all names new' : ''}\n`)
    if (i > 0) rates.push(rate)
  }
  const rate = median(rates) / 1e6
  return [
    {
      work: 'digesting a list, with reading it',
      target: '≥ 3 M records/s',
      measured: `${rate.toFixed(2)} M/s`,
      holds: rate >= 3,
    },
  ]
}

function listOf(count: number): Buffer {
  const site = { ...loadProfile('bulk-500k').site, mailboxes: count }
  const records: string[] = []
  for (const record of mailboxes(site, 1))
    records.push(encodeCommand('U01', { kind: 'ACTIVATE', ...record }).replace('ACTIVATE', 'MAILBOX'))
  return Buffer.from(records.join(''), 'latin1')
}

function read(list: Buffer, follower: Follower): void {
  const scanner = new RecordScanner('U01', DEFAULT_LIMITS, {
    onRecord: record => follower.take(record, 0),
    takeKnown: (bytes, at, limit) => follower.takeKnown(bytes, at, limit)?.end ?? at,
  })
  for (let at = 0; at < list.length; ) {
    const next = scanner.scan(list, at, Math.min(list.length, at + CHUNK_BYTES))
    if (next === at) throw new Error(`no record at ${at}`)
    at = next
  }
}

/** Ten thousand slaves on the embedded master, a hundred creates a second reaching all: two million records a second. */
export async function benchSwarm(count: number): Promise<Row[]> {
  const few = await runProfile('swarm-10000', [`slaves.count=${FEW_SLAVES}`])
  const runs: { valid: boolean; kB: number; slipMs: number; lastS: number }[] = []
  for (let i = 0; i < count; i++) {
    const { result, rssPeakBytes } = await runProfile('swarm-10000')
    const { propagationUs, converged } = result.slaves
    const figures = {
      valid: result.verdict.result === 'pass' && converged === true,
      kB: (rssPeakBytes - few.rssPeakBytes) / (SLAVES - FEW_SLAVES) / 1e3,
      slipMs: (result.generator.scheduleSlipUs?.p99 ?? Infinity) / 1e3,
      lastS: (propagationUs?.last?.p50 ?? Infinity) / 1e6,
    }
    runs.push(figures)
    process.stdout.write(`swarm ${i + 1}/${count} ${JSON.stringify(figures)} ${result.verdict.reasons.join('; ')}\n`)
  }
  const valid = runs.filter(run => run.valid).length
  const kB = median(runs.map(({ kB }) => kB))
  const lastS = median(runs.map(({ lastS }) => lastS))
  return [
    {
      work: '10,000 slaves, 100 creates/s: valid and converged',
      target: 'all',
      measured: `${valid} of ${count}; the last slave after ${lastS.toFixed(1)} s (p50)`,
      holds: valid === count,
    },
    {
      work: '10,000 slaves: memory of each',
      target: '≤ 30 kB',
      measured: `${kB.toFixed(1)} kB`,
      holds: kB <= 30,
    },
  ]
}

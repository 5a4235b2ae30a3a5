import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import type { MailboxRecord } from '../src/core/mailbox.js'
import { mailboxes } from '../src/generators/mailboxes.js'
import { loadProfile } from '../src/profile/load.js'
import { ActivateBatch } from '../src/wire/activate-batch.js'
import { encodeCommand, literal } from '../src/wire/encode.js'
import { DEFAULT_LIMITS } from '../src/wire/limits.js'
import { RecordScanner } from '../src/wire/record-scanner.js'
import { FrameScanner } from '../src/wire/scanner.js'
import type { Row } from './against-mupref.js'
import { median } from './pairs.js'

const MAILBOXES = 500_000
/** As much as one read brings. */
const PIECE_BYTES = 64 * 1024
/** So many commands go out at once. */
const BATCH = 64
const clock = monotonicClock(monotonicOriginS())

/** What a stream of UPDATE costs that makes no strings of its records, and what commands cost before they are written. */
export async function benchCodec(count: number): Promise<Row[]> {
  const records = [...mailboxes({ ...loadProfile('frontends-500k').site, mailboxes: MAILBOXES }, 1)]
  const works = {
    decode: { of: decoding(records), work: 'decode of an UPDATE stream, without strings', target: 5 },
    batch: { of: () => encodeBatches(records), work: 'encode of ACTIVATEs in batches', target: 1 },
    encode: { of: () => encodeEach(records), work: 'encode of commands, one by one', target: 1 },
  }
  const rates: Record<string, number[]> = {}
  for (let i = 0; i < count; i++) {
    for (const [name, { of }] of Object.entries(works)) {
      const startNs = clock.nowNs()
      const done = of()
      const perSecond = (done / (clock.nowNs() - startNs)) * 1e9
      rates[name] = [...(rates[name] ?? []), perSecond / 1e6]
    }
    const last = Object.entries(rates).map(([name, all]) => `${name}=${all.at(-1)!.toFixed(2)}`)
    process.stdout.write(`codec ${i + 1}/${count} ${last.join(' ')} M/s\n`)
  }
  return Object.entries(works).map(([name, { work, target }]) => {
    const rate = median(rates[name]!)
    return { work, target: `≥ ${target} M/s`, measured: `${rate.toFixed(2)} M/s`, holds: rate >= target }
  })
}

/** Records as a master sends them, in pieces that cut them anywhere. */
function decoding(records: readonly MailboxRecord[]): () => number {
  const lines = records.map(
    ({ name, location, acl }) => `U01 MAILBOX ${literal(name)} ${literal(location)} ${literal(acl)}\r\n`,
  )
  const stream = Buffer.from(lines.join(''), 'latin1')
  return () => {
    let seen = 0
    const sink = {
      onRecord() {
        seen++
      },
    }
    const scanner = new FrameScanner()
    const recordScanner = new RecordScanner('U01', DEFAULT_LIMITS, sink)
    for (let at = 0; at < stream.length; at += PIECE_BYTES) {
      scanner.feed(stream, at, Math.min(stream.length, at + PIECE_BYTES))
      scanner.takeRecords(recordScanner)
      // One that a piece has cut off comes as a frame.
      while (scanner.next()) {
        seen++
        scanner.takeRecords(recordScanner)
      }
    }
    if (seen !== records.length) throw new Error(`${seen} records, not ${records.length}`)
    return seen
  }
}

function encodeBatches(records: readonly MailboxRecord[]): number {
  const batch = new ActivateBatch()
  for (let at = 0; at < records.length; at += BATCH) {
    for (let i = at; i < Math.min(records.length, at + BATCH); i++) batch.add(i, records[i]!)
    batch.take()
  }
  return records.length
}

function encodeEach(records: readonly MailboxRecord[]): number {
  let bytes = 0
  for (const [i, { name, location, acl }] of records.entries())
    bytes += encodeCommand(`X${i}`, { kind: 'ACTIVATE', name, location, acl }).length
  if (bytes === 0) throw new Error('nothing was encoded')
  return records.length
}

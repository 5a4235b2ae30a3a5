import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GivenDump } from '../src/cli/given-dump.js'
import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import type { MailboxRecord } from '../src/core/mailbox.js'
import { tellAll } from '../src/drivers/tell-all.js'
import { recordOf } from '../src/dumps/record-of.js'
import { written } from '../src/generators/dump.js'
import { mailboxes } from '../src/generators/mailboxes.js'
import { embeddedMaster } from '../src/masters/embedded/embedded-master.js'
import type { Master } from '../src/masters/master.js'
import { loadProfile } from '../src/profile/load.js'
import { Client } from '../src/session/client.js'
import { type Row, withCyrus } from './against-mupref.js'
import { median, output, pairs, type Side } from './pairs.js'
import { type MedianInterval, medianInterval } from './paired-ratio.js'

const MAILBOXES = 100_000
/** Lists of one master, of which the median counts. */
const LISTS = 9
/** What nobody who plans by it would notice. */
const MARGIN = 0.02

const cli = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const clock = monotonicClock(monotonicOriginS())

/** Whether a dump whose names are others' makes a master as slow, or as quick, as the one that it was made of. */
export async function benchAnonymise(count: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
  try {
    const dumps = await makeDumps(folder)
    const masters = { 'embedded master': withEmbedded, 'Cyrus 3.6.1': withCyrus<Side> }
    const rows: Row[] = []
    for (const [name, withMaster] of Object.entries(masters)) {
      const listOf = (dump: string) => () => withMaster(master => listed(master, dump))
      const work = `${name}: list of an anonymised dump (ours), of the original (theirs)`
      const runs = await pairs(work, count, listOf(dumps.anonymised), listOf(dumps.original))
      const ratios = runs.ours.map((ours, i) => ours.listMs! / runs.theirs[i]!.listMs!)
      rows.push(rowOf(name, medianInterval(ratios)))
    }
    return rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** In the order of `ctl_mboxlist -d`, which an anonymised one keeps, though its names are in none any more. */
async function makeDumps(folder: string): Promise<{ original: string; anonymised: string }> {
  const [original, anonymised] = [join(folder, 'original.json'), join(folder, 'anonymised.json')]
  const site = { ...loadProfile('frontends-500k').site, mailboxes: MAILBOXES, userPrefix: '' }
  const records = [...mailboxes(site, 1)].sort((a, b) => (a.name < b.name ? -1 : 1))
  writeFileSync(original, Buffer.concat([...written('json', records)]))
  await output(process.execPath, [cli, 'dump', 'anonymise', original, '--to', 'json', '--output', anonymised])
  return { original, anonymised }
}

async function withEmbedded(use: (master: Master) => Promise<Side>): Promise<Side> {
  const master = embeddedMaster()
  await master.start()
  try {
    return await use(master)
  } finally {
    await master.stop()
  }
}

async function* recordsOf(path: string): AsyncGenerator<MailboxRecord[]> {
  for await (const entries of new GivenDump(path, { onBadLine: 'stop' }).batches())
    yield entries.map(entry => recordOf(entry, path))
}

async function listed({ address, credentials }: Master, dump: string): Promise<Side> {
  const { refused, refusal } = await tellAll(address, credentials, clock, recordsOf(dump))
  if (refused > 0) throw new Error(`${refused} refused, such as ${refusal}`)
  const times: number[] = []
  for (let i = 0; i < LISTS; i++) {
    const client = await Client.connect({ address, credentials, clock })
    const startNs = clock.nowNs()
    let records = 0
    const count = () => {
      records++
    }
    await new Promise<void>((resolve, reject) => {
      client.update(undefined, { onRecord: count, onDone: () => resolve(), onLost: reject }, { onRecord: count })
    })
    times.push((clock.nowNs() - startNs) / 1e6)
    if (records !== MAILBOXES) throw new Error(`${records} mailboxes listed, not ${MAILBOXES}`)
    await client.logout()
  }
  return { listMs: median(times) }
}

function rowOf(name: string, { median, low, high, covers }: MedianInterval): Row {
  return {
    work: `${name}: list of an anonymised dump`,
    target: `1 ± ${MARGIN} × the original’s, within the interval`,
    measured: `${median.toFixed(3)} × (${low.toFixed(3)} to ${high.toFixed(3)}, ${(covers * 100).toFixed(1)} %)`,
    holds: low <= 1 + MARGIN && high >= 1 - MARGIN,
  }
}

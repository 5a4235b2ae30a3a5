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
import { type Row, withCyrus } from './against-mupref.js'
import { timedList } from './own.js'
import { median, output, type Side } from './pairs.js'
import { type MedianInterval, medianInterval } from './paired-ratio.js'

const MAILBOXES = 100_000
/** Of each of two masters, in turn: what else the host does meets both. */
const LISTS = 15
/** What nobody who plans by it would notice; an interval that goes beyond says nothing. */
const MARGIN = 0.1

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
      const ratios: number[] = []
      for (let i = 0; i < count; i++) {
        ratios.push((await withMaster(a => withMaster(b => ratioOfLists(a, b, dumps)))).ratio!)
        process.stdout.write(`${name} ${i + 1}/${count}: anonymised to original ${ratios.at(-1)!.toFixed(3)}\n`)
      }
      rows.push(rowOf(name, medianInterval(ratios)))
    }
    return rows
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Dumps {
  readonly original: string
  readonly anonymised: string
}

/** In the order of `ctl_mboxlist -d`, which an anonymised one keeps, though its names are in none any more. */
async function makeDumps(folder: string): Promise<Dumps> {
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

/** Of the times of lists, the anonymised dump's to the original's. */
async function ratioOfLists(a: Master, b: Master, { anonymised, original }: Dumps): Promise<Side> {
  await load(a, anonymised)
  await load(b, original)
  const ratios: number[] = []
  for (let i = 0; i < LISTS; i++) {
    const [first, second] = i % 2 === 0 ? [a, b] : [b, a]
    const [firstMs, secondMs] = [await listMs(first), await listMs(second)]
    ratios.push(first === a ? firstMs / secondMs : secondMs / firstMs)
  }
  return { ratio: median(ratios) }
}

async function load({ address, credentials }: Master, dump: string): Promise<void> {
  const { refused, refusal } = await tellAll(address, credentials, clock, recordsOf(dump))
  if (refused > 0) throw new Error(`${refused} refused, such as ${refusal}`)
}

async function listMs(master: Master): Promise<number> {
  const { records, ms } = await timedList(master)
  if (records !== MAILBOXES) throw new Error(`${records} mailboxes listed, not ${MAILBOXES}`)
  return ms
}

function rowOf(name: string, { median, low, high, covers }: MedianInterval): Row {
  return {
    work: `${name}: list of an anonymised dump`,
    target: `the interval within 1 ± ${MARGIN} × the original’s`,
    measured: `${median.toFixed(3)} × (${low.toFixed(3)} to ${high.toFixed(3)}, ${(covers * 100).toFixed(1)} %)`,
    holds: low >= 1 - MARGIN && high <= 1 + MARGIN,
  }
}

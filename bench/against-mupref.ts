import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cyrusMaster } from '../src/masters/cyrus/cyrus-master.js'
import type { Master } from '../src/masters/master.js'
import { figures, output, pairs, ratio, type Side } from './pairs.js'

export interface Row {
  readonly work: string
  readonly target: string
  readonly measured: string
  readonly holds: boolean
}

const MAILBOXES = 500_000
const client = fileURLToPath(new URL('./client.js', import.meta.url))

/** The harness's drivers against a bare C client, the same real Cyrus on tmpfs, interleaved. */
export function benchAgainstMupref(count: number): Promise<Row[]> {
  return withMupref(async mupref => [...(await preloadRows(mupref, count)), ...(await readingRows(mupref, count))])
}

/** Its slaves, with an account of what each holds, against those of the C client. */
export function benchFollow(count: number): Promise<Row[]> {
  return withMupref(mupref => followRows(mupref, count))
}

async function withMupref(use: (mupref: string) => Promise<Row[]>): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
  try {
    const mupref = join(folder, 'mupref')
    const source = fileURLToPath(new URL('../../bench/reference/mupref.c', import.meta.url))
    await output('gcc', ['-O2', '-pthread', '-o', mupref, source])
    return await use(mupref)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function preloadRows(mupref: string, count: number): Promise<Row[]> {
  const ours = () => withCyrus(async master => figures(await runOurs(master, ['load', String(MAILBOXES), '4'])))
  const theirs = () =>
    withCyrus(async master => {
      const { s, rate, client_cpu_s } = figures(
        await runMupref(mupref, master, 'load', [String(MAILBOXES), '4', '64', '0']),
      )
      return { seconds: s, rate, cpu: client_cpu_s }
    })
  const runs = await pairs('preload', count, ours, theirs)
  const [rate, cpu] = [ratio(runs, 'rate'), ratio(runs, 'cpu')]
  return [
    row('preload 500k, 4 × 64: rate', '≥ 0.95 × mupref load', rate, rate >= 0.95),
    row('preload 500k, 4 × 64: CPU', '≤ 3 × mupref load', cpu, cpu <= 3),
  ]
}

async function readingRows(mupref: string, count: number): Promise<Row[]> {
  return withList(mupref, async master => {
    const scarf = await readingPairs(mupref, master, 'scarf', 10, count)
    const noop = await pairs(
      'noop',
      count,
      async () => figures(await runOurs(master, ['noop', '20000'])),
      async () => figures(await runMupref(mupref, master, 'noop', ['20000'])),
    )
    const [wall, cpu, p50] = [ratio(scarf, 'seconds'), ratio(scarf, 'cpu'), ratio(noop, 'p50_us')]
    return [
      row('10 slaves read 500k each: wall', '≤ 1.05 × mupref scarf', wall, wall <= 1.05),
      row('10 slaves read 500k each: CPU', '≤ 1.0 × mupref scarf', cpu, cpu <= 1),
      row('closed-loop NOOP: p50', '≤ 1.5 × mupref noop', p50, p50 <= 1.5),
    ]
  })
}

async function followRows(mupref: string, count: number): Promise<Row[]> {
  return withList(mupref, async master => {
    const follow = await readingPairs(mupref, master, 'follow', 20, count)
    const [wall, cpu] = [ratio(follow, 'seconds'), ratio(follow, 'cpu')]
    return [
      row('20 slaves read and digest 500k each: wall', '≤ 1.05 × mupref scarf', wall, wall <= 1.05),
      row('20 slaves read and digest 500k each: CPU', '≤ 1.2 × mupref scarf', cpu, cpu <= 1.2),
    ]
  })
}

/** A Cyrus that has the whole list. */
function withList(mupref: string, use: (master: Master) => Promise<Row[]>): Promise<Row[]> {
  return withCyrus(async master => {
    await runMupref(mupref, master, 'load', [String(MAILBOXES), '4', '64', '0'])
    return use(master)
  })
}

/** So many slaves at one time: ours do this work, those of the C client just read. */
function readingPairs(mupref: string, master: Master, work: 'scarf' | 'follow', slaves: number, count: number) {
  return pairs(
    work,
    count,
    async () => figures(await runOurs(master, [work, String(slaves)])),
    async () => scarfed(await runMupref(mupref, master, 'scarf', [String(slaves)])),
  )
}

function scarfed(text: string): Side {
  const { s, mailboxes, client_cpu_s } = figures(text)
  return { seconds: s, mailboxes, cpu: client_cpu_s }
}

function row(work: string, target: string, value: number, holds: boolean): Row {
  return { work, target, measured: `${value.toFixed(2)} ×`, holds }
}

export async function withCyrus<T extends Side | Row[]>(
  use: (master: Master) => Promise<T>,
  settings: Readonly<Record<string, string>> = {},
): Promise<T> {
  const master = cyrusMaster({ place: 'tmpfs', settings })
  await master.start()
  try {
    return await use(master)
  } finally {
    await master.stop()
  }
}

export function runOurs(master: Master, args: readonly string[]): Promise<string> {
  const [work, ...rest] = args
  return output(process.execPath, [client, work, String(master.address.port), ...rest], {
    MUPDATE_BENCH_PASSWORD: master.credentials.password,
  })
}

function runMupref(mupref: string, master: Master, work: string, args: readonly string[]): Promise<string> {
  const { user, password } = master.credentials
  return output(mupref, [work, '127.0.0.1', String(master.address.port), ...args], {
    MUPREF_AUTH: Buffer.from(`\0${user}\0${password}`).toString('base64'),
  })
}

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import { parseDurationNs } from '../src/core/units.js'
import { activateAll } from '../src/drivers/calibration/commands.js'
import { mailboxes } from '../src/generators/mailboxes.js'
import { cyrusMaster } from '../src/masters/cyrus/cyrus-master.js'
import type { Credentials, MasterAddress } from '../src/masters/master.js'
import { loadProfile } from '../src/profile/load.js'
import { Client } from '../src/session/client.js'
import type { Row } from './against-mupref.js'
import { median, pairs, ratio, type Side } from './pairs.js'

const CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const MAILBOXES = 200_000
const NOOPS = 2000
const clock = monotonicClock(monotonicOriginS())

/** A real Cyrus, asked through `record` and directly, in turn. */
export async function benchRecorder(count: number): Promise<Row[]> {
  const master = cyrusMaster()
  await master.start()
  const { address, credentials } = master
  const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
  try {
    await fill(address, credentials)
    const recorder = await Recorder.start(address, join(folder, 'trace.ndjson'))
    const runs = await pairs(
      'recorder',
      count,
      () => ask(recorder.address, credentials),
      () => ask(address, credentials),
    )
    const stayUs = await recorder.end()
    const [slower, added] = [ratio(runs, 'listS'), ratio(runs, 'noopUs')]
    const noopUs = median(runs.theirs.map(side => side.noopUs))
    return [
      {
        work: 'recorder: a message stays, at the median',
        target: '≤ 200 µs',
        measured: `${stayUs.toFixed(1)} µs; a NOOP took ${added.toFixed(2)} × the ${noopUs.toFixed(0)} µs without`,
        holds: stayUs <= 200,
      },
      {
        work: `recorder: a list of ${MAILBOXES / 1000}k through it`,
        target: '≤ 1.1 × without',
        measured: `${slower.toFixed(2)} ×`,
        holds: slower <= 1.1,
      },
    ]
  } finally {
    await master.stop()
    rmSync(folder, { recursive: true })
  }
}

async function fill(address: MasterAddress, credentials: Credentials): Promise<void> {
  const client = await Client.connect({ address, credentials, clock })
  await activateAll(clock, client, [...mailboxes({ ...loadProfile('frontends-500k').site, mailboxes: MAILBOXES }, 1)])
  await client.logout()
}

async function ask(address: MasterAddress, credentials: Credentials): Promise<Side> {
  const client = await Client.connect({ address, credentials, clock })
  const timed = async (act: () => Promise<unknown>) => {
    const startNs = clock.nowNs()
    await act()
    return clock.nowNs() - startNs
  }
  const noops: number[] = []
  for (let i = 0; i < NOOPS; i++) noops.push(await timed(() => client.request({ kind: 'NOOP' })))
  const listNs = await timed(
    () =>
      new Promise<void>((resolve, reject) =>
        client.update(undefined, { onDone: () => resolve(), onLost: reject }, { onRecord: () => {} }),
      ),
  )
  await client.logout()
  return { listS: listNs / 1e9, noopUs: median(noops) / 1e3 }
}

/** The program, as anybody would run it. */
class Recorder {
  private text = ''
  address: MasterAddress = { host: '127.0.0.1', port: 0 }

  private constructor(private readonly child: ChildProcess) {}

  static async start(master: MasterAddress, trace: string): Promise<Recorder> {
    const args = ['record', '--listen', '0', '--to', `mupdate://${master.host}:${master.port}`, '--output', trace]
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    const recorder = new Recorder(child)
    await new Promise<void>((resolve, reject) => {
      child.once('close', () => reject(new Error(`record ended: ${recorder.text}`)))
      child.stdout!.on('data', chunk => {
        recorder.text += chunk
        if (recorder.text.includes('\n')) resolve()
      })
    })
    return Object.assign(recorder, {
      address: { host: '127.0.0.1', port: Number(/:(\d+), recording/.exec(recorder.text)![1]) },
    })
  }

  /** @returns how long a message stayed, µs, at the median */
  async end(): Promise<number> {
    const closed = new Promise(resolve => this.child.once('close', resolve))
    this.child.kill('SIGTERM')
    await closed
    const [, stay] = /stayed here for ([\d.]+ [µm]?s) \(median\)/.exec(this.text)!
    return parseDurationNs(stay.replace(' ', '')) / 1e3
  }
}

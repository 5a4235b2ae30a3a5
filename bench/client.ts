/**
 * One measurement by the harness's own drivers, in a process of its own: `load`, `scarf`, `noop` as mupref has them, and
 * `follow`, which is `scarf` with an account of what each slave holds.
 * CPU counts from after start-up (login) to the end, all threads.
 */
import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import type { DriverContext } from '../src/drivers/context.js'
import { Preload } from '../src/drivers/preload.js'
import { mailboxes } from '../src/generators/mailboxes.js'
import { newCounters } from '../src/metrics/interval.js'
import { loadHistograms } from '../src/metrics/latency.js'
import { Recorder } from '../src/metrics/recorder.js'
import { loadProfile } from '../src/profile/load.js'
import { Client } from '../src/session/client.js'
import { Catalogue } from '../src/slaves/catalogue.js'
import { Follower } from '../src/slaves/follower.js'
import { Ledger } from '../src/slaves/ledger.js'
import { Slave, type SlaveObserver } from '../src/slaves/slave.js'
import { median } from './pairs.js'

const [work, port, count, connections = '4'] = process.argv.slice(2)
/** What against-mupref.ts has the master list. */
const LISTED = 500_000
const clock = monotonicClock(monotonicOriginS())
const address = { host: '127.0.0.1', port: Number(port) }
const credentials = { user: 'murder', password: process.env.MUPDATE_BENCH_PASSWORD ?? 'secret' }
const recorder = new Recorder()
const context: DriverContext = {
  clock,
  address,
  credentials,
  recorder,
  seed: 1,
  counters: newCounters(),
  phase: () => 0,
  move: () => {},
  unserved: () => {},
  event: (kind, detail) => process.stderr.write(`${kind}: ${detail}\n`),
  journal: () => {},
}

function say(values: Record<string, number>): void {
  process.stdout.write(
    `${Object.entries(values)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ')}\n`,
  )
}

async function load(): Promise<void> {
  const site = { ...loadProfile('frontends-500k').site, mailboxes: Number(count) }
  const preload = new Preload(context, { connections: Number(connections), window: 64 }, mailboxes(site, 1))
  const cpu = process.cpuUsage()
  const startNs = clock.nowNs()
  preload.start({ index: 0, startNs })
  while (!preload.done) await new Promise(resolve => setTimeout(resolve, 20))
  const seconds = (clock.nowNs() - startNs) / 1e9
  const { user, system } = process.cpuUsage(cpu)
  say({ seconds, rate: Number(count) / seconds, cpu: (user + system) / 1e6 })
  await preload.stop()
}

async function scarf(follows: boolean): Promise<void> {
  const ledger = new Ledger(new Catalogue(LISTED), { reached: () => {} })
  let records = 0
  let left = Number(count)
  const cpu = process.cpuUsage()
  const startNs = clock.nowNs()
  await new Promise<void>(resolve => {
    const none = () => {}
    const observerOf = (follower: Follower | undefined): SlaveObserver => ({
      connecting: none,
      loggedIn: none,
      dumped: (_due, _sent, doneNs, list) => {
        follower?.endList(doneNs)
        records += list
        if (--left === 0) resolve()
      },
      dumpUnfinished: none,
      record: follower === undefined ? none : (record, atNs) => follower.take(record, atNs),
      known: (bytes, at, limit) => follower?.takeKnown(bytes, at, limit),
      heard: none,
      noopAnswered: none,
      noopUnfinished: none,
      timedOut: none,
      dropped: error => process.stderr.write(`${error.message}\n`),
      loginRefused: (_due, _start, _now, error) => process.stderr.write(`${error}\n`),
      dumpRefused: none,
      loginUnfinished: none,
      dumpBegun: () => follower?.beginList(),
      ready: none,
      restarted: none,
    })
    const times = { retryDelayNs: 600e9, mergeNsPerMailbox: 0, random: () => 0 }
    for (let i = 0; i < Number(count); i++) {
      const follower = follows ? new Follower(ledger.catalogue, ledger, i) : undefined
      new Slave({ address, credentials, clock }, times, observerOf(follower), startNs)
    }
  })
  const seconds = (clock.nowNs() - startNs) / 1e9
  const { user, system } = process.cpuUsage(cpu)
  say({ seconds, mailboxes: records, cpu: (user + system) / 1e6 })
  process.exit()
}

/** Closed loop, polling for the answer: sent within 2 µs of it, the next NOOP finds the master's worker still there. The probes do not poll. */
async function noop(): Promise<void> {
  const client = await Client.connect({ address, credentials, clock })
  const times: number[] = []
  const one = () => {
    const sentNs = clock.nowNs()
    client.send(
      { kind: 'NOOP' },
      { onDone: () => next(client.heardNs - sentNs), onLost: error => process.stderr.write(error.message) },
    )
  }
  const next = (ns: number) => {
    times.push(ns)
    if (times.length < Number(count)) one()
  }
  one()
  while (times.length < Number(count)) await new Promise(resolve => setImmediate(resolve))
  say({ p50_us: median(times) / 1e3 })
  await client.logout()
}

const works: Record<string, () => Promise<void>> = { load, scarf: () => scarf(false), follow: () => scarf(true), noop }
await loadHistograms()
await works[work]()

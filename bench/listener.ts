import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import { Connections, expectOk, responseUs, rest, restedResponseUs } from '../src/drivers/calibration/connections.js'
import { turnNs } from '../src/masters/model/workers.js'
import type { Client } from '../src/session/client.js'
import { type Row, runOurs, withCyrus } from './against-mupref.js'
import { median } from './pairs.js'

const MAILBOXES = 50_000
const IDLE = [0, 100, 300, 800]
const NOOPS = 400
const LISTS = 8
const clock = monotonicClock(monotonicOriginS())

/** What the model has as constants, measured on a real Cyrus: a turn of its listener, and the price of a PARTIAL-UPDATE. */
export function benchListener(): Promise<Row[]> {
  return withCyrus(
    async master => {
      await runOurs(master, ['load', String(MAILBOXES), '4'])
      const connections = new Connections(master.address, master.credentials, clock)
      const watcher = await connections.connect()
      return [...(await turns(connections, watcher)), await partialList(connections, watcher)]
    },
    { mupdate_workers_max: '1200' },
  )
}

async function turns(connections: Connections, watcher: Client): Promise<Row[]> {
  const idle: Client[] = []
  const rows: Row[] = []
  let aloneUs = 0
  for (const count of IDLE) {
    idle.push(...(await connections.connectMany(count - idle.length)))
    const times: number[] = []
    for (let i = 0; i < NOOPS; i++) times.push(await restedResponseUs(clock, watcher, { kind: 'NOOP' }))
    const us = median(times)
    if (count === 0) aloneUs = us
    const more = us - aloneUs
    const modelled = (turnNs(count) - turnNs(0)) / 1e3
    rows.push({
      work: `NOOP beside ${count} idle connections`,
      target: `${modelled.toFixed(0)} ± ${(10 + modelled / 4).toFixed(0)} µs more than alone, as modelled`,
      measured: `${us.toFixed(0)} µs: ${more.toFixed(0)} µs more`,
      holds: Math.abs(more - modelled) <= 10 + modelled / 4,
    })
  }
  connections.close(...idle)
  await rest(500)
  return rows
}

async function partialList(connections: Connections, watcher: Client): Promise<Row> {
  const whole = await holdUs(connections, watcher, undefined)
  const none = await holdUs(connections, watcher, ['nobody.example.com'])
  const share = none / whole
  return {
    work: 'PARTIAL-UPDATE that wants none: hold of the lock',
    target: '0.8 to 1 × a whole list: modelled as 1',
    measured: `${share.toFixed(2)} × (${(none / 1e3).toFixed(0)} to ${(whole / 1e3).toFixed(0)} ms)`,
    holds: share >= 0.8 && share <= 1.05,
  }
}

/** @returns median, from UPDATE to the end of the longest wait of FINDs that are sent one after the other */
async function holdUs(connections: Connections, watcher: Client, servers: readonly string[] | undefined) {
  const name = 'user.nobody'
  const holds: number[] = []
  for (let i = 0; i < LISTS; i++) {
    const slave = await connections.connect()
    const fromNs = clock.nowNs()
    let isRunning = true
    const list = new Promise<void>((resolve, reject) => {
      slave.update(servers, expectOk(reject, 'UPDATE', resolve), { onRecord: () => {} })
    }).finally(() => {
      isRunning = false
    })
    let [longestUs, releasedNs] = [0, fromNs]
    while (isRunning) {
      const us = await responseUs(clock, watcher, { kind: 'FIND', name })
      if (us > longestUs) [longestUs, releasedNs] = [us, watcher.heardNs]
    }
    await list
    holds.push((releasedNs - fromNs) / 1e3)
    connections.close(slave)
    await rest(100)
  }
  return median(holds)
}

import { setTimeout as rest } from 'node:timers/promises'
import { monotonicClock, monotonicOriginS } from '../src/core/clock.js'
import type { Command } from '../src/core/operation.js'
import type { Master } from '../src/masters/master.js'
import { turnNs } from '../src/masters/model/workers.js'
import { Client } from '../src/session/client.js'
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
      const watcher = await connect(master)
      return [...(await turns(master, watcher)), ...(await partialLists(master, watcher))]
    },
    { mupdate_workers_max: '1200' },
  )
}

async function turns(master: Master, watcher: Client): Promise<Row[]> {
  const idle: Client[] = []
  const rows: Row[] = []
  let aloneUs = 0
  for (const count of IDLE) {
    while (idle.length < count) idle.push(await connect(master))
    const times: number[] = []
    for (let i = 0; i < NOOPS; i++) {
      // Its worker has given it back, and sleeps.
      await rest(2)
      times.push(await sendUs(watcher, { kind: 'NOOP' }))
    }
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
  for (const client of idle) client.destroy()
  await rest(500)
  return rows
}

async function partialLists(master: Master, watcher: Client): Promise<Row[]> {
  const whole = await holdUs(master, watcher, undefined)
  const none = await holdUs(master, watcher, ['nobody.example.com'])
  const share = none / whole
  return [
    {
      work: 'PARTIAL-UPDATE that wants none: hold of the lock',
      target: '0.8 to 1 × a whole list: modelled as 1',
      measured: `${share.toFixed(2)} × (${(none / 1e3).toFixed(0)} to ${(whole / 1e3).toFixed(0)} ms)`,
      holds: share >= 0.8 && share <= 1.05,
    },
  ]
}

/** @returns median, from UPDATE to the end of the longest wait of FINDs that are sent one after the other */
async function holdUs(master: Master, watcher: Client, servers: readonly string[] | undefined): Promise<number> {
  const name = 'user.nobody'
  const holds: number[] = []
  for (let i = 0; i < LISTS; i++) {
    const slave = await connect(master)
    const fromNs = clock.nowNs()
    let isRunning = true
    const list = new Promise<void>((resolve, reject) => {
      slave.update(servers, { onDone: () => resolve(), onLost: reject }, { onRecord: () => {} })
    }).finally(() => {
      isRunning = false
    })
    let [longestUs, releasedNs] = [0, fromNs]
    while (isRunning) {
      const us = await sendUs(watcher, { kind: 'FIND', name })
      if (us > longestUs) [longestUs, releasedNs] = [us, clock.nowNs()]
    }
    await list
    holds.push((releasedNs - fromNs) / 1e3)
    slave.destroy()
    await rest(100)
  }
  return median(holds)
}

function connect({ address, credentials }: Master): Promise<Client> {
  return Client.connect({ address, credentials, clock })
}

function sendUs(client: Client, command: Command): Promise<number> {
  return new Promise((resolve, reject) => {
    const fromNs = clock.nowNs()
    client.send(command, { onDone: () => resolve((clock.nowNs() - fromNs) / 1e3), onLost: reject })
  })
}

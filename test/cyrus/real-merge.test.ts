import { afterEach, describe, expect, it } from 'vitest'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import { cyrusMaster } from '../../src/masters/cyrus/cyrus-master.js'
import type { MasterAddress } from '../../src/masters/master.js'
import { Client } from '../../src/session/client.js'
import { Catalogue } from '../../src/slaves/catalogue.js'
import { Follower } from '../../src/slaves/follower.js'
import { Ledger } from '../../src/slaves/ledger.js'
import { until } from '../cli/bench.js'
import { RecordingProxy } from '../support/recording-proxy.js'
import { CyrusSlave } from '../../src/masters/cyrus/cyrus-slave.js'

const clock = monotonicClock(monotonicOriginS())
const ending: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

/** Names in which what sorts below a dot stands beside dots, and plain ones between them. */
const NAMES = [
  ...['user.a', 'user.a b', 'user.a b.c', "user.a'b", 'user.a-b', 'user.a-b.c', 'user.a.b', 'user.a.b.c', 'user.ab'],
  ...['user.k', 'user.k-l', 'user.k-l.m', 'user.k.l', 'user.k.l.m', 'user.kl', 'user.x-y', 'user.x.y', 'user.z'],
]
const DELETED = ['user.a.b', 'user.k.l', 'user.k.l.m', 'user.x-y']
const PLACE = { location: 'be1.example.com!default', acl: 'a\tlrs\t' }

describe('a real slave that resyncs after deletions', () => {
  it('loses what the model of its merge says it loses, and no more', async () => {
    const master = cyrusMaster({ settings: { sasl_mech_list: 'PLAIN' } })
    ending.push(() => master.stop())
    await master.start()
    const { credentials } = master
    const connect = async (address: MasterAddress) => {
      const client = await Client.connect({ address, credentials, clock })
      ending.push(() => client.logout())
      return client
    }
    const backend = await connect(master.address)
    for (const name of NAMES) await backend.request({ kind: 'ACTIVATE', name, ...PLACE })
    const proxy = await RecordingProxy.before(master.address)
    ending.push(() => proxy.close())
    const slave = await CyrusSlave.start(proxy.address, credentials, { settings: { mupdate_retry_delay: '3' } })
    ending.push(() => slave.stop())
    const synchronised = () => slave.log.filter(line => line.includes('synchronization complete')).length
    await until('the slave has its list', () => synchronised() === 1)
    const own = await connect(slave.address)
    expect(await foundOn(own)).toEqual(NAMES)

    const model = await modelOf(master.address, credentials)
    proxy.drop()
    for (const name of DELETED) {
      model.ledger.succeeded(model.ledger.sending({ kind: 'DELETE', name })!, clock.nowNs())
      await backend.request({ kind: 'DELETE', name })
    }
    await until('the slave has its second list', () => synchronised() === 2)
    await model.readList()
    const [loss] = model.ledger.realLosses()
    const lost = NAMES.filter(name => !DELETED.includes(name)).filter(name => loss?.names.includes(name))
    expect(lost.length).toBeGreaterThan(1)
    expect(loss).toMatchObject({ byMerge: lost.length, byList: 0 })
    const left = NAMES.filter(name => !DELETED.includes(name) && !lost.includes(name))
    expect(await foundOn(await connect(slave.address))).toEqual(left)
  })
})

async function foundOn(client: Client): Promise<string[]> {
  const found: string[] = []
  for (const name of NAMES) {
    await new Promise<void>((resolve, reject) => {
      const onRecord = () => found.push(name)
      client.send({ kind: 'FIND', name }, { onRecord, onDone: () => resolve(), onLost: reject })
    })
  }
  return found
}

/** Ours, that reads the same lists. */
async function modelOf(address: MasterAddress, credentials: { user: string; password: string }) {
  const ledger = new Ledger(new Catalogue(), { reached: () => {} })
  const follower = new Follower(ledger.catalogue, ledger, 0)
  const readList = async () => {
    const client = await Client.connect({ address, credentials, clock })
    follower.beginList()
    await new Promise<void>((resolve, reject) => {
      const sink = { onRecord: (record: Parameters<Follower['take']>[0]) => follower.take(record, clock.nowNs()) }
      client.update(undefined, { onDone: () => resolve(), onLost: reject }, sink)
    })
    follower.endList(clock.nowNs())
    await client.logout()
  }
  await readList()
  return { ledger, readList }
}

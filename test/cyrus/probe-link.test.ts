import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ProbeLink } from '../../src/agents/probe-link.js'
import {
  type Look,
  looksOf,
  type ProbeHello,
  probeOf,
  type ProbeReply,
  type ProbeRequest,
} from '../../src/agents/probe-protocol.js'
import { decode, encode } from '../../src/agents/protocol.js'
import { monotonicClock, monotonicOriginS } from '../../src/core/clock.js'
import type { ProbeListener } from '../../src/engine/master-probe.js'
import type { ProcessSample } from '../../src/samplers/process-cpu.js'
import { natsServer } from '../support/nats-server.js'

/** By which the clock of the host over there is ahead. */
const AHEAD_NS = 3_600e9
const HELLO: ProbeHello = {
  ...{ id: 'x', name: 'mx', host: 'there', version: '1', bootId: 'there', port: 3905, addresses: [], pid: 5 },
}

let server: Awaited<ReturnType<typeof natsServer>>
let nats: NatsConnection

beforeAll(async () => {
  server = await natsServer()
  nats = await connect({ servers: server.url })
})
afterAll(async () => {
  await nats.close()
  await server.stop()
})

const nowThereNs = () => Number(process.hrtime.bigint()) + AHEAD_NS

function sampleOf(pid: number, fromNs: number, toNs: number): ProcessSample {
  const figures = { cpuCores: 0.5, waitCores: 0, peakThreadShare: 0.5, unionShare: 0.5, pegged: false, threadCount: 1 }
  return { pid, atNs: toNs, elapsedNs: toNs - fromNs, threads: [{ tid: pid, runShare: 0.5, waitShare: 0 }], ...figures }
}

it('puts what another host’s clock says into the run’s time, and tells of restarts and of looks that are missing', async () => {
  let lookedNs = nowThereNs()
  let pid = 5
  /** The next look is lost on its way. */
  let isLost = false
  const look = () => {
    const [fromNs, toNs] = [lookedNs, nowThereNs()]
    lookedNs = toNs
    const said: Look = { fromNs, toNs, pid, sample: sampleOf(pid, fromNs, toNs) }
    if (!isLost) nats.publish(looksOf(HELLO.id), encode(said))
    isLost = false
  }
  const answer = ({ kind }: ProbeRequest): ProbeReply => {
    if (kind === 'clock') return { kind: 'clock', ns: nowThereNs(), bootId: HELLO.bootId }
    if (kind === 'look') look()
    return { kind: 'ok' }
  }
  const subscription = nats.subscribe(probeOf(HELLO.id), {
    callback: (_, message) => void message.respond(encode(answer(decode<ProbeRequest>(message.data)))),
  })
  const originS = monotonicOriginS()
  const clock = monotonicClock(originS)
  const seen: { samples: ProcessSample[]; missed: number[]; restarts: string[] } = {
    samples: [],
    missed: [],
    restarts: [],
  }
  const listener: ProbeListener = {
    onSample: sample => seen.samples.push(sample),
    onMissed: ns => seen.missed.push(ns),
    onLost: () => expect.fail('it was not lost'),
    onBack: () => expect.fail('it was not lost'),
    onRestart: (from, to) => seen.restarts.push(`${from} → ${to}`),
  }
  const link = new ProbeLink(nats, { probe: HELLO, bootId: 'here', clock, originS })
  await link.begin(listener)
  await link.look()
  const nowNs = clock.nowNs()
  const { ns, errorNs } = link.facts.clock
  expect(Math.abs(ns - AHEAD_NS)).toBeLessThanOrEqual(errorNs + 1)
  expect(errorNs).toBeGreaterThan(0)
  const [first] = seen.samples
  expect(first!.atNs).toBeLessThanOrEqual(nowNs + errorNs)
  expect(nowNs - first!.atNs).toBeLessThan(500e6)
  pid = 6
  await link.look()
  expect(seen.restarts).toEqual(['5 → 6'])
  expect(seen.missed).toEqual([])
  isLost = true
  await link.look()
  await link.look()
  expect(seen.missed).toHaveLength(1)
  expect(seen.samples).toHaveLength(3)
  expect(link.facts).toMatchObject({ missedNs: seen.missed[0], lost: undefined })
  link.end()
  subscription.unsubscribe()
})

import type { MessagePort } from 'node:worker_threads'
import type { NatsConnection } from '@nats-io/transport-node'
import { describe, expect, it } from 'vitest'
import { LedgerRelay } from '../../src/agents/ledger-relay.js'
import type { Plan, Shard } from '../../src/engine/plan.js'

/** As a NATS server has it, if nobody has changed it. */
const MAX_PAYLOAD_BYTES = 1024 * 1024

const PLAN = { phases: [{ until: 'converged' }] } as unknown as Plan
const SHARDS: readonly Shard[] = [
  {
    name: 'load',
    runs: ['preload', 'slaves', 'kicks', 'backends'],
    share: { index: 0, of: 2 },
    backends: { index: 0, of: 1 },
  },
  { name: 'load-2', runs: ['slaves', 'kicks'], share: { index: 1, of: 2 } },
]

/** Delivers at once, and loses what it is told to. */
class Wire {
  constructor(private readonly maxBytes = MAX_PAYLOAD_BYTES) {}

  readonly sizes: number[] = []
  loses: (index: number) => boolean = () => false
  private readonly callbacks = new Map<string, ((error: null, message: { data: Uint8Array }) => void)[]>()

  get nats(): NatsConnection {
    return {
      info: { max_payload: this.maxBytes },
      isClosed: () => false,
      subscribe: (
        subject: string,
        { callback }: { callback: (error: null, message: { data: Uint8Array }) => void },
      ) => {
        this.callbacks.set(subject, [...(this.callbacks.get(subject) ?? []), callback])
        return { unsubscribe() {} }
      },
      publish: (subject: string, data: Uint8Array) => {
        if (data.length > this.maxBytes) throw new Error('max_payload size exceeded')
        this.sizes.push(data.length)
        if (this.loses(this.sizes.length - 1)) return
        for (const callback of this.callbacks.get(subject) ?? []) callback(null, { data })
      },
    } as unknown as NatsConnection
  }
}

/** The thread of the backends in one process, and one that has slaves alone in another. */
function joined(wire: Wire) {
  const gaps: string[] = []
  const relays = SHARDS.map(
    (shard, i) =>
      new LedgerRelay(wire.nats, { run: 'r', shards: [shard], plan: PLAN }, `${i}`, name => gaps.push(name)),
  )
  const [backends, slaves] = relays.map((relay, i) => relay.ports.get(SHARDS[i]!.name)!.port)
  const close = () => {
    for (const relay of relays) relay.close()
  }
  return { backends: backends!, slaves: slaves!, gaps, close }
}

function heardBy(port: MessagePort, count: number): Promise<unknown[]> {
  const heard: unknown[] = []
  return new Promise(resolve => {
    port.on('message', message => {
      heard.push(message)
      if (heard.length === count) resolve(heard)
    })
  })
}

/** Numbers that no compression makes small. */
const PARTS = { kind: 'parts', parts: Array.from({ length: 400_000 }, (_, i) => i + 0.5) }
const ENDED = { kind: 'ended' }

describe('what threads in different processes tell each other of their ledgers', () => {
  it.each([MAX_PAYLOAD_BYTES, 20_000])(
    'may be more than the %i bytes that a NATS server takes: it is cut into pieces',
    async most => {
      const wire = new Wire(most)
      const { backends, slaves, gaps, close } = joined(wire)
      const heard = heardBy(backends, 2)
      slaves.postMessage(PARTS)
      slaves.postMessage(ENDED)
      expect(await heard).toEqual([PARTS, ENDED])
      expect(wire.sizes.length).toBeGreaterThan(10)
      expect(gaps).toEqual([])
      close()
    },
  )

  it.each([{ lost: 0 }, { lost: 3 }])(
    'is not put together where piece $lost of it is lost, which is told',
    async ({ lost }) => {
      const wire = new Wire()
      wire.loses = index => index === lost + 1
      const { backends, slaves, gaps, close } = joined(wire)
      const heard = heardBy(backends, 2)
      // Only of what comes after a first one is it known that something is missing.
      slaves.postMessage({ kind: 'parts', parts: [] })
      slaves.postMessage(PARTS)
      slaves.postMessage(ENDED)
      expect(await heard).toEqual([{ kind: 'parts', parts: [] }, ENDED])
      expect(gaps).toEqual(['load'])
      close()
    },
  )
})

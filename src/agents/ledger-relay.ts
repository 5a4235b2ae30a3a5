import { deserialize, serialize } from 'node:v8'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import type { PeerPort } from '../engine/ledger-peer.js'
import { followsSlaves, type Plan, type Shard } from '../engine/plan.js'
import { encode, heard, newsOf, type Numbered, partsOf } from './protocol.js'
import { chunkBytesOf } from './chunk-bytes.js'

/** Shards of a run that are carried out in one process. */
interface Part {
  readonly run: string
  readonly shards: readonly Shard[]
  readonly plan: Plan
}

/** Carries what threads tell each other of their ledgers from one process to the others. */
export class LedgerRelay {
  /** For the threads of this process, by shard. */
  readonly ports = new Map<string, PeerPort>()
  private readonly own: MessagePort[] = []
  private readonly subscriptions: Subscription[] = []

  /** @param onGap what the thread of a shard should have heard was lost */
  constructor(
    private readonly nats: NatsConnection,
    { run, shards, plan }: Part,
    private readonly process: string,
    private readonly onGap: (shard: string) => void,
  ) {
    if (!followsSlaves(plan)) return
    for (const { name, runs, share, backends } of shards) {
      if (!runs.includes('slaves') || share.of === 1) continue
      const [hears, says] = backends === undefined ? [newsOf(run), partsOf(run)] : [partsOf(run), newsOf(run)]
      this.join(name, hears, says)
    }
  }

  close(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe()
    for (const port of this.own) port.close()
  }

  private join(shard: string, hears: string, says: string): void {
    const { port1, port2 } = new MessageChannel()
    this.own.push(port1)
    this.ports.set(shard, { port: port2 })
    const from = `${this.process}/${shard}`
    let number = 0
    port1.on('message', message => {
      if (this.nats.isClosed()) return
      try {
        for (const piece of piecesOf(serialize(message), chunkBytesOf(this.nats)))
          this.nats.publish(says, encode({ from, number: number++, ...piece } satisfies Numbered))
      } catch {
        // Longer than NATS takes.
        this.onGap(shard)
      }
    })
    const next = new Map<string, number>()
    const begun = new Map<string, Uint8Array[]>()
    const callback = (_error: unknown, { data }: { readonly data: Uint8Array }) => {
      const said = heard<Numbered>(data, 'from', 'number', 'bytes', 'of')
      if (said === undefined) return
      // Nothing that matters is said before all have joined.
      const expected = next.get(said.from) ?? said.number
      next.set(said.from, said.number + 1)
      if (said.number !== expected) {
        begun.delete(said.from)
        this.onGap(shard)
      }
      const pieces = [...(begun.get(said.from) ?? []), said.bytes]
      begun.set(said.from, said.isLast ? [] : pieces)
      // One whose beginning was lost cannot be read.
      if (said.isLast && pieces.length === said.of) port1.postMessage(deserialize(Buffer.concat(pieces)))
    }
    this.subscriptions.push(this.nats.subscribe(hears, { callback }))
  }
}

/** A thread that is behind tells all at once, which can be more than a NATS server takes. */
function piecesOf(bytes: Uint8Array, most: number): Pick<Numbered, 'bytes' | 'of' | 'isLast'>[] {
  const of = Math.ceil(bytes.length / most)
  return Array.from({ length: of }, (_, i) => ({
    bytes: bytes.subarray(i * most, (i + 1) * most),
    of,
    isLast: i === of - 1,
  }))
}

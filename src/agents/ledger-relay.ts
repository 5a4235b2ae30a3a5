import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { NatsConnection, Subscription } from '@nats-io/transport-node'
import { followsSlaves, type Plan, type Shard } from '../engine/plan.js'
import { encode, heard, newsOf, type Numbered, partsOf } from './protocol.js'

/** Shards of a run that are carried out in one process. */
interface Part {
  readonly run: string
  readonly shards: readonly Shard[]
  readonly plan: Plan
}

/** Carries what threads tell each other of their ledgers from one process to the others. */
export class LedgerRelay {
  /** For the threads of this process, by shard. */
  readonly ports = new Map<string, MessagePort[]>()
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
    for (const { name, runs, share } of shards) {
      if (!runs.includes('slaves') || share.of === 1) continue
      const [hears, says] = runs.includes('backends') ? [partsOf(run), newsOf(run)] : [newsOf(run), partsOf(run)]
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
    this.ports.set(shard, [port2])
    const from = `${this.process}/${shard}`
    let number = 0
    port1.on('message', message => {
      if (this.nats.isClosed()) return
      try {
        this.nats.publish(says, encode({ from, number: number++, message } satisfies Numbered))
      } catch {
        // Longer than NATS takes.
        this.onGap(shard)
      }
    })
    const next = new Map<string, number>()
    const callback = (_error: unknown, { data }: { readonly data: Uint8Array }) => {
      const said = heard<Numbered>(data, 'from', 'number', 'message')
      if (said === undefined) return
      // Nothing that matters is said before all have joined.
      const expected = next.get(said.from) ?? said.number
      next.set(said.from, said.number + 1)
      if (said.number !== expected) this.onGap(shard)
      port1.postMessage(said.message)
    }
    this.subscriptions.push(this.nats.subscribe(hears, { callback }))
  }
}

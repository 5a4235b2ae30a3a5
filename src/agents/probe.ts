import { hostname } from 'node:os'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import { monotonicClock } from '../core/clock.js'
import { SAMPLE_MS } from '../engine/watch.js'
import { bootId } from '../samplers/host.js'
import { ProcessSampler } from '../samplers/process-cpu.js'
import {
  looksOf,
  type Look,
  PROBE_HELLO,
  type ProbeHello,
  probeOf,
  type ProbeReply,
  type ProbeRequest,
} from './probe-protocol.js'
import { encode, heard, LOST_MS } from './protocol.js'

export interface ProbeOptions {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly port: number
  readonly addresses: readonly string[]
  /** The master's process now. */
  readonly pid: () => number | undefined
  readonly tell: (line: string) => void
}

/** Looks at a master's process from beside it, for as long as somebody wants to know. */
export class Probe {
  private readonly clock = monotonicClock(0)
  private readonly subscriptions: Subscription[] = []
  private watching: Watching | undefined

  constructor(
    private readonly nats: NatsConnection,
    private readonly options: ProbeOptions,
  ) {}

  listen(): void {
    this.subscriptions.push(
      this.nats.subscribe(PROBE_HELLO, {
        callback: (error, message) => {
          if (error === null) message.respond(encode(this.hello))
        },
      }),
      this.nats.subscribe(probeOf(this.options.id), {
        callback: (error, message) => {
          if (error === null) this.hear(message)
        },
      }),
    )
  }

  stop(): void {
    for (const subscription of this.subscriptions) subscription.unsubscribe()
    this.rest()
  }

  private get hello(): ProbeHello {
    const { id, name, version, port, addresses, pid } = this.options
    return { id, name, host: hostname(), version, bootId: bootId(), port, addresses, pid: pid() ?? null }
  }

  private hear(message: Msg): void {
    const request = heard<ProbeRequest>(message.data, 'kind')
    if (request !== undefined) message.respond(encode(this.answer(request)))
  }

  private answer({ kind }: ProbeRequest): ProbeReply {
    if (kind === 'clock') return { kind: 'clock', ns: this.clock.nowNs(), bootId: bootId() }
    this.watching ??= this.begin()
    this.watching.askedMs = performance.now()
    if (kind === 'look') this.look(this.watching)
    return { kind: 'ok' }
  }

  private begin(): Watching {
    const { clock, options } = this
    options.tell(`watching process ${options.pid() ?? '(none)'}`)
    const sampler = new ProcessSampler({ clock, pid: options.pid })
    const timer = setInterval(() => {
      if (performance.now() - watching.askedMs < LOST_MS) this.look(watching)
      else this.rest()
    }, SAMPLE_MS)
    const watching: Watching = { sampler, timer, askedMs: 0, lookedNs: clock.nowNs() }
    sampler.sample()
    return watching
  }

  private look(watching: Watching): void {
    const sample = watching.sampler.sample() ?? null
    const [fromNs, toNs] = [watching.lookedNs, sample?.atNs ?? this.clock.nowNs()]
    watching.lookedNs = toNs
    const look: Look = { fromNs, toNs, pid: this.options.pid() ?? null, sample }
    if (!this.nats.isClosed()) this.nats.publish(looksOf(this.options.id), encode(look))
  }

  private rest(): void {
    if (this.watching === undefined) return
    clearInterval(this.watching.timer)
    this.watching = undefined
    this.options.tell('nobody asks any more')
  }
}

interface Watching {
  readonly sampler: ProcessSampler
  readonly timer: NodeJS.Timeout
  askedMs: number
  lookedNs: number
}

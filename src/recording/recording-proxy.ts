import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { MasterAddress } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { type Histogram, newHistogram, record } from '../metrics/latency.js'
import type { TraceLine } from '../traces/trace-line.js'
import { OwnConnections } from './own-connections.js'
import { Relay } from './relay.js'

export interface RecordingOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly master: MasterAddress
  /** Takes STARTTLS and COMPRESS out of the banner; else they are offered, and refused to who asks. */
  readonly strikes: boolean
  readonly everyRecord: boolean
  readonly clock: Clock
  /** When the trace began. */
  readonly startNs: number
  readonly onLine: (line: TraceLine) => void
}

/** What it has seen so far. */
export interface RecordingTally {
  connections: number
  unreachable: number
  /** Of its own: the master was itself. */
  looped: number
  /** Ended, for the client may have asked for what is refused. */
  blinded: number
  messages: number
  records: number
  /** Messages for which the other side had no room: how long they stayed is not the recorder's. */
  waited: number
  undecodedBytes: number
  bytes: { client: number; master: number }
}

/** Stands between clients and a master, and tells what they say. */
export class RecordingProxy {
  readonly tally: RecordingTally = {
    connections: 0,
    unreachable: 0,
    looped: 0,
    blinded: 0,
    messages: 0,
    records: 0,
    waited: 0,
    undecodedBytes: 0,
    bytes: { client: 0, master: 0 },
  }
  /** ns that messages stayed. The histograms of this thread are loaded before. */
  readonly residence: Histogram = newHistogram()
  private readonly server: Server
  private readonly relays = new Set<Relay>()
  private readonly own = new OwnConnections()

  private constructor(private readonly options: RecordingOptions) {
    this.server = createServer({ allowHalfOpen: true }, client => this.relay(client))
  }

  /** @throws {HarnessError} `USAGE` where nobody can listen there */
  static async start(options: RecordingOptions): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(options)
    const { host, port } = options.listen
    await new Promise<void>((resolve, reject) => {
      proxy.server.once('error', error =>
        reject(
          new HarnessError(
            'USAGE',
            `cannot listen on ${host}:${port}: ${messageOf(error)}`,
            'give another port, or 0 for one that is free',
          ),
        ),
      )
      proxy.server.listen(port, host, resolve)
    })
    // One that cannot be accepted now, for want of descriptors, is tried again; the others go on.
    proxy.server.removeAllListeners('error').on('error', () => {})
    return proxy
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  /** Connections that are there now. */
  get open(): number {
    return this.relays.size
  }

  /** Ends all connections; all has been told then. */
  async stop(): Promise<void> {
    const closed = new Promise(resolve => this.server.close(resolve))
    for (const relay of this.relays) relay.end()
    await closed
    while (this.relays.size > 0) await new Promise(resolve => setImmediate(resolve))
  }

  private relay(client: Socket): void {
    const { master, strikes, everyRecord, clock, startNs } = this.options
    const relay = new Relay(
      client,
      ++this.tally.connections,
      {
        master,
        strikes,
        everyRecord,
        nowNs: () => clock.nowNs(),
        startNs,
        onLine: line => this.take(line),
        isOwn: () => this.own.has(client),
        onReached: master => this.own.add(master),
        onBytes: (from, count) => {
          this.tally.bytes[from] += count
        },
      },
      () => this.relays.delete(relay),
    )
    this.relays.add(relay)
  }

  private take(line: TraceLine): void {
    const { tally } = this
    if ('verb' in line || 'secret' in line) tally.messages++
    if ('verb' in line && line.waited) tally.waited++
    if ('verb' in line && line.residenceUs !== undefined) record(this.residence, line.residenceUs * 1000)
    if ('records' in line) tally.records += line.records
    if ('undecoded' in line) tally.undecodedBytes += line.undecoded
    if ('event' in line && (line.event === 'unreachable' || line.event === 'looped' || line.event === 'blinded'))
      tally[line.event]++
    this.options.onLine(line)
  }
}

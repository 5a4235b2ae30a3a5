import { connect, type Socket } from 'node:net'
import type { MasterAddress } from '../core/address.js'
import type { TraceLine } from '../traces/trace-line.js'
import { BannerFilter } from '../traces/banner-filter.js'
import { CommandGate, type Refusal } from '../traces/command-gate.js'
import { Dialogue, type Moment } from '../traces/dialogue.js'
import { quoted } from '../wire/encode.js'

export interface RelayOptions {
  readonly master: MasterAddress
  /** Else what would blind is offered, and refused to who asks. */
  readonly strikes: boolean
  readonly everyRecord: boolean
  readonly nowNs: () => number
  /** When the trace began. */
  readonly startNs: number
  readonly onLine: (line: TraceLine) => void
  /** Bytes have passed. */
  readonly onBytes: (from: 'client' | 'master', count: number) => void
}

type Ender = 'client' | 'master' | 'recorder'

const KEEP_ALIVE_MS = 60_000

/**
 * One connection of a client, and one to the master for it. What one side says goes to the other as it is and at once, and is
 * decoded afterwards; a side that does not read holds up the other; and as one ends, so does the other.
 */
export class Relay {
  private readonly dialogue: Dialogue
  private readonly banner: BannerFilter | undefined
  private readonly gate = new CommandGate()
  /** What was refused, and is not answered yet: there are answers to come before. */
  private readonly refusals: Refusal[] = []
  private readonly master: Socket
  private endedBy: Ender | undefined
  private error: string | undefined
  private isOpen = false
  private closed = 0

  constructor(
    private readonly client: Socket,
    private readonly connection: number,
    private readonly options: RelayOptions,
    onOver: () => void,
  ) {
    const { everyRecord, onLine, strikes } = options
    const { host, port } = options.master
    this.dialogue = new Dialogue({ connection, everyRecord, onLine })
    this.banner = strikes ? new BannerFilter() : undefined
    this.master = connect({ host, port, allowHalfOpen: true })
    this.master.once('connect', () => this.open())
    for (const socket of [client, this.master]) {
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
      socket.on('error', error => this.broken(socket, error))
      socket.once('close', () => this.onClosed(onOver))
    }
  }

  /** The recorder ends. */
  end(): void {
    this.endedBy ??= 'recorder'
    for (const socket of [this.client, this.master]) socket.destroy()
  }

  private open(): void {
    this.isOpen = true
    this.event({ event: 'opened' })
    const { client, master, gate, banner, dialogue } = this
    this.pipe(client, master, {
      pass: chunk => this.guard(chunk),
      held: () => gate.end(),
      decode: (chunk, moment) => dialogue.fromClient(chunk, moment),
    })
    this.pipe(master, client, {
      pass: chunk => banner?.pass(chunk) ?? chunk,
      held: () => banner?.end(),
      decode: (chunk, moment) => dialogue.fromMaster(chunk, moment),
    })
  }

  private pipe(
    from: Socket,
    to: Socket,
    way: {
      readonly pass: (chunk: Buffer) => Uint8Array
      readonly held: () => Uint8Array | undefined
      readonly decode: (chunk: Buffer, moment: Moment) => void
    },
  ): void {
    const name = from === this.client ? 'client' : 'master'
    from.on('data', chunk => {
      const readNs = this.options.nowNs()
      give(to, way.pass(chunk))
      const stayNs = this.options.nowNs() - readNs
      const waits = to.writableLength > 0
      if (waits && to.writableNeedDrain) {
        from.pause()
        to.once('drain', () => from.resume())
      }
      const atUs = this.us(readNs)
      way.decode(chunk, waits ? { atUs, waited: true } : { atUs, residenceUs: Math.round(stayNs / 100) / 10 })
      this.refuse()
      this.options.onBytes(name, chunk.length)
    })
    from.on('end', () => {
      this.endedBy ??= name
      this.event({ event: 'ended', by: name })
      give(to, way.held() ?? '')
      to.end()
    })
  }

  /** What the master gets of it. */
  private guard(chunk: Buffer): Uint8Array {
    const { bytes, refused } = this.gate.pass(chunk)
    this.refusals.push(...refused)
    return bytes
  }

  /** In its turn: when the master has answered all else, and is not in the middle of a line. */
  private refuse(): void {
    const { dialogue, refusals } = this
    for (let next = refusals[0]; next !== undefined && dialogue.isTurnOf(next.tag); next = refusals[0]) {
      refusals.shift()
      const text = `${next.verb} is refused: this connection is recorded`
      give(this.client, `${next.tag} NO ${quoted(text)}\r\n`)
      dialogue.fromRecorder(next.tag, 'NO', text, this.us(this.options.nowNs()))
    }
  }

  private broken(socket: Socket, error: Error): void {
    this.endedBy ??= socket === this.client ? 'client' : 'master'
    this.error ??= error.message
    if (!this.isOpen) return
    const other = socket === this.client ? this.master : this.client
    other.resetAndDestroy()
  }

  private onClosed(onOver: () => void): void {
    // Without the one there is nothing to say to the other.
    if (!this.isOpen) for (const other of [this.client, this.master]) other.destroy()
    if (++this.closed < 2) return
    this.finish()
    onOver()
  }

  private finish(): void {
    const { endedBy: by = 'recorder', error } = this
    const why = error === undefined ? {} : { error }
    if (this.isOpen) {
      this.dialogue.end(this.us(this.options.nowNs()))
      this.event({ event: 'closed', by, ...why })
    } else if (by === 'master') this.event({ event: 'unreachable', ...why })
  }

  private event(event: { event: 'opened' | 'unreachable' | 'ended' | 'closed'; by?: Ender; error?: string }): void {
    this.options.onLine({ atUs: this.us(this.options.nowNs()), connection: this.connection, ...event })
  }

  private us(ns: number): number {
    return Math.round((ns - this.options.startNs) / 1000)
  }
}

/** To one that is gone, nothing. */
function give(to: Socket, bytes: Uint8Array | string): void {
  if (bytes.length > 0 && to.writable) to.write(bytes as string, 'latin1')
}

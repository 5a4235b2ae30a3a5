import { Socket } from 'node:net'
import type { MasterAddress } from '../core/address.js'
import type { TraceLine } from '../traces/trace-line.js'
import { BannerFilter } from '../traces/banner-filter.js'
import { CommandGate, type OwnReply } from '../traces/command-gate.js'
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
  /** Whether the client is a connection of the recorder's own. */
  readonly isOwn: () => boolean
  /** It has reached the master. */
  readonly onReached: (master: Socket) => void
  /** Bytes have passed. */
  readonly onBytes: (from: 'client' | 'master', count: number) => void
}

type Event = 'opened' | 'unreachable' | 'looped' | 'blinded' | 'ended' | 'closed'
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
  /** To what is refused, not said yet: there are answers to come before. */
  private readonly replies: OwnReply[] = []
  private readonly master = new Socket({ allowHalfOpen: true })
  private endedBy: Ender | undefined
  private error: string | undefined
  private isOpen = false
  private isBlinded = false
  private closed = 0

  constructor(
    private readonly client: Socket,
    private readonly connection: number,
    private readonly options: RelayOptions,
    onOver: () => void,
  ) {
    const { everyRecord, onLine, strikes } = options
    this.dialogue = new Dialogue({ connection, everyRecord, onLine })
    this.banner = strikes ? new BannerFilter() : undefined
    this.master.once('connect', () => this.open())
    for (const socket of [client, this.master]) {
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
      socket.on('error', error => this.broken(socket, error))
      socket.once('close', () => this.onClosed(onOver))
    }
    // By the second the recorder knows of each connection of its own that it has been accepted at the other end.
    setImmediate(() => setImmediate(() => this.reach()))
  }

  /** The recorder ends. */
  end(): void {
    this.endedBy ??= 'recorder'
    for (const socket of [this.client, this.master]) socket.destroy()
  }

  private reach(): void {
    if (this.master.destroyed) return
    if (this.options.isOwn()) {
      this.event({ event: 'looped' })
      this.end()
      return
    }
    const { host, port } = this.options.master
    this.master.connect({ host, port })
  }

  private open(): void {
    this.isOpen = true
    this.options.onReached(this.master)
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
      this.reply()
      this.options.onBytes(name, chunk.length)
      if (this.isBlinded && !this.master.destroyed) this.blinded()
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
    const { bytes, replies, isBlinded } = this.gate.pass(chunk, this.dialogue)
    this.replies.push(...replies)
    this.isBlinded = isBlinded
    return bytes
  }

  /** In its turn: when the master has answered all else, and is not in the middle of a line. */
  private reply(): void {
    const { dialogue, replies } = this
    for (let next = replies[0]; next !== undefined && dialogue.isTurnOf(next.tag); next = replies[0]) {
      replies.shift()
      if (next.goAhead) {
        give(this.client, '+ go ahead\r\n')
        continue
      }
      const text = `${next.verb} is refused: this connection is recorded`
      give(this.client, `${next.tag} NO ${quoted(text)}\r\n`)
      dialogue.fromRecorder(next.tag, 'NO', text, this.us(this.options.nowNs()))
    }
  }

  /** It is better to have no connection than one that nobody can read any more. */
  private blinded(): void {
    this.endedBy ??= 'recorder'
    this.event({ event: 'blinded' })
    give(this.client, `* BYE ${quoted('what came before cannot be read: nothing may hide what follows')}\r\n`)
    this.client.pause().destroySoon()
    this.master.destroy()
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

  private event(event: { event: Event; by?: Ender; error?: string }): void {
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

import type { SaslServer } from '../../sasl/exchange.js'
import { type Mechanism, mechanismOf } from '../../sasl/mechanism.js'
import { SaslLogins } from '../../sasl/sasl-server.js'
import { ByteWriter } from './byte-writer.js'
import { Catalogue } from './catalogue.js'
import { ChangeLog, NO_SERVER } from './change-log.js'
import { type Dialect, type DialectName, dialectOf } from './dialect.js'
import type { Dialogue } from './dialogue.js'
import { Pump } from './pump.js'
import { serverOf } from './records.js'
import type { TlsOptions } from './server-tls.js'
import type { Faults } from './settings.js'
import { type Span, spanText } from './span.js'
import { UpdateBatches } from './update-batches.js'

/** Bytes of a dump that are made in one go: some 600 records, half a millisecond. */
const CHUNK_BYTES = 64 * 1024
const NONCE_BYTES = 18
const SALT_BYTES = 16

export interface CoreOptions {
  readonly hostname: string
  readonly version: string
  readonly user: string
  readonly password: string
  /** SASL's, as its banner lists them. */
  readonly mechanisms: readonly Mechanism[]
  /** Says what this version of Cyrus says, and that it is one. */
  readonly dialect?: DialectName
  /** Offers STARTTLS. */
  readonly tls?: TlsOptions
  /** Offers COMPRESS DEFLATE. */
  readonly compress?: boolean
  /** Dies, and comes back, of commands that kill a Cyrus of this dialect, instead of refusing them. */
  readonly crashes?: boolean
  /** Cyrus's `failedloginpause`, 3 s there. */
  readonly failedLoginPauseMs: number
  /** Cyrus's `mupdate_connections_max`. */
  readonly connectionsMax: number
  /** Bytes of pending changes kept for the slowest slave before it is dropped. */
  readonly backlogBytesMax: number
  readonly faults?: Faults
}

/** What the core needs of the world; tests give it a world without time. */
export interface Surroundings {
  nowMs(): number
  later(delayMs: number, what: () => void): void
  /** Calls back when the events that wait have been served. */
  soon(what: () => void): void
  /** By chance. */
  randomBytes(byteCount: number): Buffer
  report(line: string): void
  /** Ends all connections, as when the process is gone. */
  die(): void
}

/** What all connections of a master share. */
export class Core {
  readonly catalogue = new Catalogue()
  readonly log = new ChangeLog()
  readonly batches: UpdateBatches
  /** Connections that have said UPDATE. */
  readonly streams = new Set<Dialogue>()
  readonly pump: Pump
  readonly dialect: Dialect
  private readonly logins: SaslLogins
  private chunk = new ByteWriter(new Uint8Array(CHUNK_BYTES))
  private readonly serverIds = new Map<string, number>()
  private filteredStreams = 0

  constructor(
    readonly options: CoreOptions,
    readonly surroundings: Surroundings,
  ) {
    this.batches = new UpdateBatches(this.catalogue, this.log, options.faults)
    this.pump = new Pump(what => surroundings.soon(what))
    this.dialect = dialectOf(options.dialect)
    const { user, password, hostname } = options
    this.logins = new SaslLogins({ user, password }, hostname, surroundings.randomBytes(SALT_BYTES))
  }

  /**
   * @param shown who the client is by its certificate
   * @returns undefined for a mechanism that is not offered
   */
  beginLogin(name: string, shown: string | undefined): SaslServer | undefined {
    const mechanism = mechanismOf(name)
    if (mechanism === undefined || !this.options.mechanisms.includes(mechanism)) return undefined
    return this.logins.begin(mechanism, this.surroundings.randomBytes(NONCE_BYTES).toString('base64'), shown)
  }

  /** @returns whether it has died of a command for a mailbox that is not there, or not active */
  dies(verb: 'DELETE' | 'DEACTIVATE'): boolean {
    if (this.options.crashes !== true || !this.dialect.deadly.includes(verb)) return false
    this.surroundings.report(`signaled to death by signal 11 (Segmentation fault): ${verb}`)
    this.surroundings.die()
    return true
  }

  /** The one buffer that dumps are made in. */
  get chunkWriter(): ByteWriter {
    this.chunk.length = 0
    return this.chunk
  }

  /** The chunk was not taken at once and now belongs to the socket. */
  giveChunkAway(): void {
    this.chunk = new ByteWriter(new Uint8Array(CHUNK_BYTES))
  }

  addStream(connection: Dialogue, filtered: boolean): void {
    this.streams.add(connection)
    if (filtered) this.filteredStreams++
  }

  removeStream(connection: Dialogue, filtered: boolean): void {
    if (!this.streams.delete(connection)) return
    // Nobody asks for servers any more: the names that who was here has asked for need not be known.
    if (filtered && --this.filteredStreams === 0) this.serverIds.clear()
    if (this.streams.size === 0) this.log.clear()
  }

  /** @returns the number under which changes on this server are logged while anyone filters by server */
  serverId(server: string): number {
    const known = this.serverIds.get(server)
    if (known !== undefined) return known
    this.serverIds.set(server, this.serverIds.size)
    return this.serverIds.size - 1
  }

  /** Whether changes have to be logged with their servers. */
  get wantsServers(): boolean {
    return this.filteredStreams > 0
  }

  serverIdOf(location: Span): number {
    return this.wantsServers ? this.serverId(spanText(serverOf(location))) : NO_SERVER
  }

  changed(name: Span, oldServer: number, newServer: number): void {
    if (this.streams.size === 0) return
    if (this.log.append(name, oldServer, newServer)) this.trimLog()
  }

  /**
   * Some times a second: sends what is due, 5 s after a slave's last updates (imap/mupdate.c update_wait). Each has its
   * own moment, as in Cyrus (lib/prot.c prot_fill sleeps whole seconds, from wherever in a second it stands).
   */
  tick(): void {
    const nowMs = this.surroundings.nowMs()
    for (const connection of this.streams) connection.sendDueUpdates(nowMs)
    this.trimLog()
  }

  /** Slaves that read are sent early what would fill the log within their 5 s; the others go. */
  private trimLog(): void {
    this.log.trim(this.slowestCursor())
    if (this.log.retainedBytes > this.options.backlogBytesMax / 2) {
      for (const connection of this.streams) connection.sendDueUpdates(Number.POSITIVE_INFINITY)
    }
    while (this.log.retainedBytes > this.options.backlogBytesMax) {
      const slowest = this.slowestCursor()
      for (const connection of [...this.streams]) {
        if (connection.cursor === slowest) connection.drop('too many pending updates')
      }
      this.log.trim(this.slowestCursor())
      if (this.streams.size === 0) this.log.clear()
    }
  }

  private slowestCursor(): number {
    let slowest = this.log.end
    for (const connection of this.streams) slowest = Math.min(slowest, connection.cursor)
    return slowest
  }
}

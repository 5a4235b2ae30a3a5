import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { MasterAddress } from '../../src/core/address.js'

/** What one side said: a line without its end; or that the slave did what {@link CONNECTS} and {@link CLOSES} say. */
export interface Entry {
  readonly from: 'slave' | 'master'
  readonly text: string
  /** Of `performance.now()`. */
  readonly atMs: number
}

export const CONNECTS = '(connects)'
export const CLOSES = '(closes)'

export function lastOf(log: readonly Entry[], start: string): Entry | undefined {
  return log.findLast(({ text }) => text.startsWith(start))
}

/** Stands between a slave and its master, writes down what they say, and can keep from the slave what the master says. */
export class RecordingProxy {
  readonly log: Entry[] = []
  private readonly slaves = new Set<Socket>()
  /** What the master has said while the slave hears nothing. */
  private kept: (() => void)[] | undefined

  private constructor(
    private readonly master: MasterAddress,
    private readonly server: Server,
    private readonly isNoted: (line: string) => boolean,
  ) {
    server.on('connection', slave => this.pass(slave))
  }

  /** @param isNoted which lines of the master are written down: a list of many mailboxes would fill memory */
  static async before(master: MasterAddress, isNoted: (line: string) => boolean = () => true): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(master, createServer(), isNoted)
    await new Promise<void>(resolve => proxy.server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get address(): MasterAddress {
    return { host: '127.0.0.1', port: (this.server.address() as AddressInfo).port }
  }

  /** From now on the slave hears nothing; what it says still reaches the master. */
  silence(): void {
    this.kept ??= []
  }

  /** Hands on what was kept, and what follows. */
  speak(): void {
    const kept = this.kept ?? []
    this.kept = undefined
    for (const give of kept) give()
  }

  /** Says to the slave what the master did not say, silent or not. */
  say(text: string): void {
    for (const slave of this.slaves) slave.write(text, 'latin1')
  }

  /** Ends the slave's connection as a master does that goes. */
  drop(): void {
    for (const slave of this.slaves) slave.end()
  }

  async close(): Promise<void> {
    for (const slave of this.slaves) slave.destroy()
    await new Promise(resolve => this.server.close(resolve))
  }

  private pass(slave: Socket): void {
    this.slaves.add(slave)
    this.note('slave', CONNECTS)
    const master = connect(this.master)
    const fromSlave = lineReader(line => this.note('slave', line))
    const fromMaster = lineReader(line => {
      if (this.isNoted(line)) this.note('master', line)
    })
    slave.on('data', bytes => {
      fromSlave(bytes)
      master.write(bytes)
    })
    master.on('data', bytes => {
      const give = () => {
        if (!slave.writable) return
        fromMaster(bytes)
        slave.write(bytes)
      }
      if (this.kept === undefined) give()
      else this.kept.push(give)
    })
    const closed = () => {
      if (this.slaves.delete(slave)) this.note('slave', CLOSES)
    }
    slave.on('end', closed)
    slave.on('close', () => {
      closed()
      master.end()
    })
    master.on('close', () => slave.end())
    for (const socket of [slave, master]) socket.setNoDelay(true).on('error', () => {})
  }

  private note(from: Entry['from'], text: string): void {
    this.log.push({ from, text, atMs: performance.now() })
  }
}

function lineReader(onLine: (line: string) => void): (bytes: Buffer) => void {
  let rest = ''
  return bytes => {
    const lines = (rest + bytes.toString('latin1')).split('\r\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line)
  }
}

import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { MasterAddress } from '../../src/core/address.js'

/** Says lines of IMAP to a backend, one command after the other; what they hold has to be quoted already. */
export class ImapClient {
  private readonly lines: AsyncIterator<string>
  private nextTag = 0

  private constructor(private readonly socket: Socket) {
    socket.on('error', () => {})
    this.lines = createInterface({ input: socket, crlfDelay: Infinity })[Symbol.asyncIterator]()
  }

  /** @throws where nobody greets */
  static async connect({ host, port }: MasterAddress): Promise<ImapClient> {
    const client = new ImapClient(connect({ host, port }))
    const greeting = await client.line()
    if (!greeting.startsWith('* OK')) throw new Error(`no greeting: ${greeting}`)
    return client
  }

  /**
   * @returns the untagged lines that came before its OK
   * @throws for anything but an OK
   */
  async command(text: string): Promise<string[]> {
    const tag = `A${this.nextTag++}`
    this.socket.write(`${tag} ${text}\r\n`)
    const untagged: string[] = []
    for (;;) {
      const line = await this.line()
      if (line.startsWith(`${tag} OK`)) return untagged
      if (line.startsWith(`${tag} `)) throw new Error(`${text.split(' ')[0]}: ${line}`)
      untagged.push(line)
    }
  }

  destroy(): void {
    this.socket.destroy()
  }

  private async line(): Promise<string> {
    const { value, done } = await this.lines.next()
    if (done === true) throw new Error('the connection was closed')
    return value
  }
}

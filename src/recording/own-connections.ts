import type { Socket } from 'node:net'

/** Connections that this process has made, to be known when they come back to it: both ends of one have the same two addresses. */
export class OwnConnections {
  private readonly made = new Set<string>()

  /** Until it closes. */
  add(socket: Socket): void {
    const { localAddress, localPort, remoteAddress, remotePort } = socket
    const ends = `${plain(localAddress)} ${localPort} ${plain(remoteAddress)} ${remotePort}`
    this.made.add(ends)
    socket.once('close', () => this.made.delete(ends))
  }

  /** Whether one that was accepted is one of them. The port alone does not say so: another's may be the same. */
  has({ localAddress, localPort, remoteAddress, remotePort }: Socket): boolean {
    return this.made.has(`${plain(remoteAddress)} ${remotePort} ${plain(localAddress)} ${localPort}`)
  }
}

/** One of IPv4 as a listener of IPv6 sees it. */
function plain(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/, '')
}

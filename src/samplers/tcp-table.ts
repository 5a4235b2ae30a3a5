import { readFileSync } from 'node:fs'

export const ESTABLISHED = '01'
export const LISTENING = '0A'

export interface TcpRow {
  readonly localPort: number
  readonly remotePort: number
  /** {@link ESTABLISHED}, {@link LISTENING}, or another one, in hex. */
  readonly state: string
  readonly inode: string
}

/** All TCP sockets of this host (proc(5), /proc/net/tcp and tcp6); undefined where there are no such tables. */
export function readTcpRows(): TcpRow[] | undefined {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(path => readTable(path) ?? [])
  return tables.length === 0 ? undefined : tables.flatMap(parseTcpRows)
}

/** Its first line is a head. */
export function parseTcpRows(table: string): TcpRow[] {
  return table
    .split('\n')
    .slice(1)
    .map(line => line.trim().split(/\s+/))
    .filter(fields => fields.length > 9)
    .map(([, local, remote, state, , , , , , inode]) => ({
      localPort: portOf(local!),
      remotePort: portOf(remote!),
      state: state!,
      inode: inode!,
    }))
}

/** `0100007F:0F41`, or with the 32 digits of an IPv6 address. */
function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}

function readTable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

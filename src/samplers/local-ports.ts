import { readProc } from './read-proc.js'
import { readTcpRows } from './tcp-table.js'

/** How many local ports connections from here may have (ip(7), ip_local_port_range). */
export function localPorts(): number | undefined {
  const range = /^(\d+)\s+(\d+)/.exec(readProc('/proc/sys/net/ipv4/ip_local_port_range') ?? '')
  return range === null ? undefined : Number(range[2]) - Number(range[1]) + 1
}

/** Of them, those towards a port, whoever's: closed ones too keep theirs for a minute. */
export function localPortsTowards(port: number): number | undefined {
  return readTcpRows()?.filter(({ remotePort }) => remotePort === port).length
}

import { ESTABLISHED, readTcpRows } from './tcp-table.js'

/**
 * Connections that others have to a port of this host: those of the port's side, so that one within the host counts once.
 *
 * @returns undefined where the kernel has no tables of them
 */
export function connectionsTo(port: number): number | undefined {
  return readTcpRows()?.filter(({ localPort, state }) => localPort === port && state === ESTABLISHED).length
}

import { readFileSync } from 'node:fs'

const ESTABLISHED = '01'

/**
 * Connections that others have to a port of this host, by the kernel's own tables (proc(5), /proc/net/tcp): those of the
 * port's side, so that one within the host counts once.
 *
 * @returns undefined where there are no such tables
 */
export function connectionsTo(port: number): number | undefined {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(path => readTable(path) ?? [])
  if (tables.length === 0) return undefined
  return tables
    .flatMap(table => table.split('\n').slice(1))
    .map(line => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(wanted) === true && state === ESTABLISHED).length
}

function readTable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

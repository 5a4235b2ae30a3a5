import { lookup } from 'node:dns/promises'
import { isLoopback, type MasterAddress } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import { connectionsTo } from '../samplers/connections.js'
import { settingOf } from '../site/cyrus-files.js'
import { DEFAULT_PORT } from './choose-master.js'
import { readCyrusFiles } from './included-files.js'
import type { Progress } from './progress.js'

/** Whom a master on this host serves is known. @throws {HarnessError} `USAGE` where it serves somebody */
export function refuseBusy({ host, port }: MasterAddress): void {
  const others = isLoopback(host) ? (connectionsTo(port) ?? 0) : 0
  if (others === 0) return
  throw new HarnessError(
    'USAGE',
    `${host}:${port} has ${others} ${others === 1 ? 'connection' : 'connections'} already: somebody uses it`,
    'end what is connected (ss -tnp shows it), or take another one',
  )
}

/** @throws {HarnessError} `USAGE` for a master that a site depends on, and for a file that names none */
export async function refuseProduction(
  { host, port }: MasterAddress,
  files: readonly string[],
  progress: Progress,
): Promise<void> {
  if (files.length === 0) return
  const own = await addressesOf(host)
  for (const file of readCyrusFiles(files, progress)) {
    const server = file.kind === 'settings' ? settingOf(file.settings, 'mupdate_server') : undefined
    if (server === undefined)
      throw new HarnessError(
        'USAGE',
        `${file.path} names no mupdate_server`,
        'give imapd.conf of a frontend or a backend',
      )
    const [, name, itsPort] = /^(.*?)(?::(\d+))?$/.exec(server)!
    const isSame = (await addressesOf(name!)).some(address => own.includes(address))
    // Several masters may be on this host, each with a port of its own.
    if (!isSame || (isLoopback(host) && Number(itsPort ?? DEFAULT_PORT) !== port)) continue
    throw new HarnessError(
      'USAGE',
      `${host} is the mupdate_server of ${file.path}: people depend on it`,
      'rehearse on another one; --master cyrus starts one of its own',
    )
  }
}

/** Its name, and what that stands for. */
async function addressesOf(host: string): Promise<string[]> {
  const name = host.toLowerCase().replace(/\.$/, '')
  const found = await lookup(name, { all: true }).catch(() => [])
  return [name, ...found.map(({ address }) => address)]
}

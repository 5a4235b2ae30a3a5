import type { MasterAddress } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import { connectionsTo } from '../samplers/connections.js'
import { settingOf } from '../site/cyrus-files.js'
import { DEFAULT_PORT } from './choose-master.js'
import { readCyrusFiles } from './included-files.js'
import { addressesOf, THIS_HOST } from './own-addresses.js'
import type { Progress } from './progress.js'

/** Whom a master on this host serves is known. @throws {HarnessError} `USAGE` where it serves somebody */
export async function refuseBusy({ host, port }: MasterAddress): Promise<void> {
  const others = (await addressesOf(host)).includes(THIS_HOST) ? (connectionsTo(port) ?? 0) : 0
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
    const setting = (name: string) => (file.kind === 'settings' ? settingOf(file.settings, name) : undefined)
    const server = setting('mupdate_server')
    if (server === undefined)
      throw new HarnessError(
        'USAGE',
        `${file.path} names no mupdate_server`,
        'give imapd.conf of a frontend or a backend',
      )
    const { host: name, port: itsPort } = serverOf(server)
    const isSame = (await addressesOf(name)).some(address => own.includes(address))
    const production = itsPort ?? Number(setting('mupdate_port') ?? DEFAULT_PORT)
    // Several masters may be on this host, each with a port of its own.
    if (!isSame || (own.includes(THIS_HOST) && production !== port)) continue
    throw new HarnessError(
      'USAGE',
      `${host} is the mupdate_server of ${file.path}: people depend on it`,
      'rehearse on another one; --master cyrus starts one of its own',
    )
  }
}

/** `host`, `host:port`, `[address]:port`; a bare address of IPv6 has colons, and no port (lib/imapurl, imap/backend.c). */
function serverOf(text: string): { readonly host: string; readonly port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? []
  return { host: bracketed ?? plain ?? text, port: port === undefined ? undefined : Number(port) }
}

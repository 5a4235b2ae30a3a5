import { hostOf, isLoopback, type MasterAddress } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import { DEFAULT_PORT } from './choose-master.js'

/**
 * Where a recorder listens: `PORT`, `HOST:PORT` or `[IPV6]:PORT`.
 *
 * @throws {HarnessError} `USAGE` for what is none, and where other hosts could reach it and nobody has said that they may
 */
export function parseListen(text: string, allowRemote: boolean): MasterAddress {
  const found = /^(?:(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):)?(\d{1,5})$/i.exec(text)
  const port = Number(found?.[3])
  if (found === null || port > 65_535)
    throw new HarnessError('USAGE', `--listen ${text}: not an address`, 'give PORT or HOST:PORT; port 0 is a free one')
  const host = found[1] ?? found[2] ?? '127.0.0.1'
  if (isLoopback(host) || allowRemote) return { host, port }
  throw new HarnessError(
    'USAGE',
    `--listen ${text}: other hosts can reach ${host}, and what they say to the master is recorded, and not encrypted`,
    'if that is meant, add --allow-remote',
  )
}

/** The master: `mupdate://host:port`. @throws {HarnessError} `USAGE` */
export function parseTo(text: string): MasterAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.protocol !== 'mupdate:' || url.hostname === '')
    throw new HarnessError('USAGE', `--to ${text}: not an address`, 'write mupdate://host:port')
  if (url.password !== '')
    throw new HarnessError(
      'USAGE',
      '--to: a password on the command line can be read by everybody on this host, and is not needed',
      'leave it out: clients log in by themselves',
    )
  const host = hostOf(url)
  return { host, port: url.port === '' ? DEFAULT_PORT : Number(url.port) }
}

import { isLoopback } from '../core/address.js'
import { HarnessError } from '../core/errors.js'

/** Where the dashboard listens. */
export interface LiveAddress {
  readonly host: string
  /** 0: one that is free. */
  readonly port: number
}

const DEFAULT: LiveAddress = { host: '127.0.0.1', port: 0 }

/**
 * Reads what `--live` was given: nothing, `PORT`, `HOST:PORT` or `[IPV6]:PORT`.
 *
 * @throws {HarnessError} `USAGE` when it is none of them, or others could reach it and nobody has said that they may
 */
export function parseLiveAddress(text: string | true, allowRemote: boolean): LiveAddress {
  const address = text === true ? DEFAULT : parse(text)
  if (isLoopback(address.host) || allowRemote) return address
  throw new HarnessError(
    'USAGE',
    `--live ${text}: whoever reaches ${address.host} and has the link could watch this run, and stop it; nothing on the way is encrypted`,
    'if that is meant, add --live-allow-remote; else leave the host out, and reach it by ssh -L',
  )
}

function parse(text: string): LiveAddress {
  const found = /^(?:(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):)?(\d{1,5})$/i.exec(text)
  const port = Number(found?.[3])
  if (found === null || port > 65_535)
    throw new HarnessError(
      'USAGE',
      `--live ${text}: not an address`,
      isName(text)
        ? `what follows --live is taken for where to listen; for the profile ${text}, put it first: run ${text} --live`
        : 'give PORT or HOST:PORT after the profile, or nothing',
    )
  return { host: found[1] ?? found[2] ?? DEFAULT.host, port }
}

/** A profile's, or its file's: the address is optional, and takes what comes next. */
function isName(text: string): boolean {
  return /^[a-z][^:]*$/i.test(text) || text.includes('/') || /\.ya?ml$/.test(text)
}

/** As it stands in a URL. */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

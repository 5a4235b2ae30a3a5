import { spawn } from 'node:child_process'
import type { Master } from '../../src/masters/master.js'

const PROGRAM = '/usr/lib/cyrus/bin/mupdatetest'
/** What it is given up after. */
const LIMIT_MS = 15_000

export interface Talk {
  /** All that it shows: what it says and what it is told, but for the password. */
  readonly shown: string
  readonly authenticated: boolean
}

/**
 * Cyrus's own test client: logs in, then says NOOP and LOGOUT.
 *
 * @param options of imtest(1): `-m` mechanism, `-i` no initial response, `-t FILE` STARTTLS, with the certificate in the
 *   file or, for an empty name, without, `-q` COMPRESS
 */
export function mupdatetest(
  { address, credentials }: Pick<Master, 'address' | 'credentials'>,
  ...options: readonly string[]
): Promise<Talk> {
  const { user, password } = credentials
  const who = ['-u', user, '-a', user, '-p', String(address.port)]
  // Without a terminal it reads the password where it reads the rest (lib/getpass).
  const child = spawn(PROGRAM, [...who, ...options, address.host], { detached: true, timeout: LIMIT_MS })
  let shown = ''
  let asked = false
  let done = false
  const onText = (text: string) => {
    shown += text
    if (!asked && shown.includes('enter your password: ')) {
      asked = true
      child.stdin.write(`${password}\n`)
    }
    if (!done && /^Security strength factor: /m.test(shown) && isReady(shown, options)) {
      done = true
      child.stdin.end('N01 NOOP\n')
    }
  }
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('latin1').on('data', onText)
  child.stdin.on('error', () => {})
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve({ shown, authenticated: /^Authenticated\.$/m.test(shown) }))
  })
}

/** What follows COMPRESS must not be said before it is answered. */
function isReady(shown: string, options: readonly string[]): boolean {
  return !options.includes('-q') || /^S: Z01 /m.test(shown)
}

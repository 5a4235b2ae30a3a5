import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { hostOf } from '../core/address.js'
import type { Clock } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { parsePercent } from '../core/units.js'
import { cyrusMaster } from '../masters/cyrus/cyrus-master.js'
import { type EmbeddedMasterOptions, embeddedMaster } from '../masters/embedded/embedded-master.js'
import type { Credentials, Master, MasterAddress } from '../masters/master.js'
import { loadCalibration } from '../masters/model/load-calibration.js'
import { RemoteMaster } from '../masters/remote.js'
import { modelledSettings } from './modelled-settings.js'
import { givenReachOption, loginWishes, reachedAddress, type ReachFlags } from './reach-options.js'

/** What `--master` names. */
export type MasterChoice =
  | { readonly kind: 'embedded' }
  /** @see loadCalibration */
  | { readonly kind: 'model'; readonly calibration?: string }
  | { readonly kind: 'cyrus'; readonly prefix?: string }
  | RemoteChoice

export interface RemoteChoice {
  readonly kind: 'remote'
  readonly user: string
  readonly address: MasterAddress
  /** Read before, to be asked for once. */
  readonly password?: string
  /** What options say of the login. */
  readonly login: Partial<Credentials>
}

export const DEFAULT_PORT = 3905

/** What a command calls its options for a master: a gate has two. */
interface OptionNames {
  readonly master: string
  readonly passwordFile: string
}

const ONE_MASTER: OptionNames = { master: '--master', passwordFile: '--password-file' }

/** @throws {HarnessError} `USAGE`, also for flags of a master that is not remote */
export function parseMaster(text: string, flags: ReachFlags = {}, names = ONE_MASTER): MasterChoice {
  if (isRemoteText(text)) return parseUrl(text, flags, names)
  const given = givenReachOption(flags)
  if (given !== undefined)
    throw new HarnessError(
      'USAGE',
      `${given} with ${names.master} ${text}: it says how to reach a remote one`,
      'leave it out, or give mupdate://user@host:port',
    )
  if (text === 'embedded' || text === 'cyrus') return { kind: text }
  if (text === 'embedded:cyrus') return { kind: 'model' }
  if (/^embedded:./.test(text)) return { kind: 'model', calibration: text.slice('embedded:'.length) }
  if (text.startsWith('cyrus:')) return { kind: 'cyrus', prefix: text.slice('cyrus:'.length) }
  throw new HarnessError(
    'USAGE',
    `${names.master} ${text}: no such master`,
    'give embedded, embedded:cyrus, embedded:FILE, cyrus, cyrus:PREFIX or mupdate://user@host:port (mupdates:// with TLS from the first byte on)',
  )
}

/** Whether it names one by its URL, right or wrong. */
export function isRemoteText(text: string): boolean {
  return /^mupdates?:\/\//.test(text)
}

function parseUrl(text: string, flags: ReachFlags, { master, passwordFile }: OptionNames): RemoteChoice {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new HarnessError('USAGE', `${master} ${text}: not an address`, 'write mupdate://user@host:port')
  }
  if (url.password !== '') {
    throw new HarnessError(
      'USAGE',
      `${master}: a password on the command line can be read by everybody on this host`,
      `put it into MUPDATE_BENCH_PASSWORD or a file (${passwordFile}), and change it`,
    )
  }
  if (url.username === '' || url.hostname === '') {
    throw new HarnessError('USAGE', `${master} ${text}: user or host is missing`, 'write mupdate://user@host:port')
  }
  const host = hostOf(url)
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port)
  const address = reachedAddress({ host, port }, url.protocol === 'mupdates:', flags)
  return { kind: 'remote', user: decoded(url.username, `${master} ${text}`), address, login: loginWishes(host, flags) }
}

function decoded(user: string, given: string): string {
  try {
    return decodeURIComponent(user)
  } catch {
    throw new HarnessError('USAGE', `${given}: its user is no UTF-8`, 'write % as %25')
  }
}

/** What a profile has to say of a master that the harness starts. */
export interface Managed {
  readonly master: { readonly place: 'tmpfs' | 'disk'; readonly settings: Readonly<Record<string, string>> }
  readonly seed: number
}

export async function createMaster(
  choice: MasterChoice,
  { master: managed, seed }: Managed,
  clock: Clock,
  passwordFile?: string,
): Promise<Master> {
  switch (choice.kind) {
    case 'embedded':
      return embeddedMaster({ connectionsMax: EMBEDDED_CONNECTIONS, ...embeddedSettings(managed.settings) })
    case 'model':
      return embeddedMaster({
        model: { calibration: loadCalibration(choice.calibration), settings: modelledSettings(managed.settings), seed },
      })
    case 'cyrus':
      return cyrusMaster({ ...managed, ...(choice.prefix === undefined ? {} : { prefix: choice.prefix }) })
    case 'remote':
      return new RemoteMaster(choice.address, await credentialsOf(choice, passwordFile), clock)
  }
}

/**
 * The embedded master has settings of its own. Those of imapd.conf are for a Cyrus; profiles have them for when it is one.
 *
 * @throws {HarnessError} `USAGE`
 */
function embeddedSettings(settings: Readonly<Record<string, string>>): EmbeddedMasterOptions {
  const { slowedBy, load, save } = settings
  return {
    ...(slowedBy === undefined ? {} : { slowedBy: shareOf(slowedBy) }),
    ...(load === undefined ? {} : { load }),
    ...(save === undefined ? {} : { save }),
  }
}

function shareOf(slowedBy: string): number {
  const share = parsePercent(slowedBy)
  if (share !== undefined) return share
  throw new HarnessError('USAGE', `slowedBy: ${slowedBy} is no share of the CPU`, 'write for example slowedBy=10%')
}

/** The embedded master has no worker threads to run out of. */
const EMBEDDED_CONNECTIONS = 20_000

export async function credentialsOf(choice: RemoteChoice, passwordFile?: string): Promise<Credentials> {
  const { user, login, password = await readPassword(choice, passwordFile) } = choice
  return { user, password, ...login }
}

/** @param option that named the file @throws {HarnessError} `USAGE` */
export function passwordIn(file: string, option = ONE_MASTER.passwordFile): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new HarnessError('USAGE', `${option} ${file}: ${(error as Error).message}`, 'give a file that can be read')
  }
}

/** From a file, the environment, or a prompt; never from the command line. A certificate needs none. */
export async function readPassword(
  { user, login }: RemoteChoice,
  file?: string,
  { passwordFile } = ONE_MASTER,
): Promise<string> {
  if (login.mechanism === 'EXTERNAL') return ''
  if (file !== undefined) return passwordIn(file, passwordFile)
  const fromEnvironment = process.env.MUPDATE_BENCH_PASSWORD
  if (fromEnvironment !== undefined) return fromEnvironment
  if (!process.stdin.isTTY) {
    throw new HarnessError(
      'USAGE',
      `no password for ${user}`,
      `set MUPDATE_BENCH_PASSWORD or give ${passwordFile} FILE`,
    )
  }
  return prompt(`Password of ${user}: `)
}

async function prompt(question: string): Promise<string> {
  process.stderr.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}

import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Credentials, type MasterAddress, type TlsSettings, TLS_VERSIONS } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import { MECHANISMS, mechanismOf } from '../sasl/mechanism.js'
import { collect, flagWord } from './options.js'

/** How a remote master is reached and logged in to, beside its address and password. */
export interface ReachFlags {
  readonly tls?: 'starttls' | 'off'
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tlsName?: string
  readonly tlsMin?: string
  readonly tlsNoVerify?: true
  readonly mechanism?: string
  readonly authorize?: string
  readonly compress?: true
  readonly allowPlaintext?: string[]
}

/** `1.2` for `TLSv1.2`. */
const VERSIONS = new Map(TLS_VERSIONS.map(version => [version === 'TLSv1' ? '1.0' : version.slice(4), version]))

/** Options of all commands that take a remote master; docs/security.md. */
export function reachOptions(command: Command): Command {
  const options = [
    new Option('--tls <how>', 'starttls or off (default: starttls where the password would be shown without)').choices([
      'starttls',
      'off',
    ]),
    new Option('--tls-ca <file>', 'PEM file of who has signed the master’s certificate (those that Node knows)'),
    new Option('--tls-cert <file>', 'PEM file of a certificate of yours, to log in with'),
    new Option('--tls-key <file>', 'PEM file of its key, where it is another one'),
    new Option('--tls-name <name>', 'what the master’s certificate must be for (the host)').argParser(nonEmpty),
    new Option('--tls-min <version>', 'lowest version of TLS (1.2)').choices([...VERSIONS.keys()]),
    new Option('--tls-no-verify', 'believe whoever answers: for tests only'),
    new Option(
      '--mechanism <name>',
      `of SASL (the strongest offered of ${MECHANISMS.slice(0, -1).join(', ')})`,
    ).argParser(mechanism),
    new Option('--authorize <user>', 'whom to act for, if not for the user itself'),
    new Option('--compress', 'COMPRESS DEFLATE'),
    new Option('--allow-plaintext <host>', 'let the password be read on the way to that host (repeatable)')
      .argParser(collect)
      .default([], 'none'),
  ]
  for (const option of options) command.addOption(option.helpGroup('Reaching a remote master:'))
  return command
}

/** What a variable of a shell has that was never set. */
function nonEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.')
  return text
}

function mechanism(text: string): string {
  const known = mechanismOf(text)
  if (known === undefined) throw new InvalidArgumentError(`Allowed choices are ${MECHANISMS.join(', ')}.`)
  return known
}

/** @throws {HarnessError} `USAGE` for options that contradict each other */
export function reachedAddress(
  place: Pick<MasterAddress, 'host' | 'port'>,
  isImplicit: boolean,
  flags: ReachFlags,
): MasterAddress {
  const { tls: how, tlsCa, tlsCert, tlsKey, tlsName, tlsMin, tlsNoVerify, compress } = flags
  const wishes = {
    ...(tlsCa !== undefined && { caFile: tlsCa }),
    ...(tlsCert !== undefined && { certFile: tlsCert }),
    ...(tlsKey !== undefined && { keyFile: tlsKey }),
    ...(tlsName !== undefined && { serverName: tlsName }),
    ...(tlsMin !== undefined && { minVersion: VERSIONS.get(tlsMin)! }),
    ...(tlsNoVerify === true && { verify: false as const }),
  }
  const isWanted = Object.keys(wishes).length > 0
  if (isImplicit && how !== undefined) throw contradiction(`mupdates:// with --tls ${how}`)
  if (how === 'off' && isWanted) throw contradiction('--tls off with other options of TLS')
  if (tlsKey !== undefined && tlsCert === undefined)
    throw new HarnessError('USAGE', '--tls-key without --tls-cert', 'give the certificate that the key is of')
  const mode = isImplicit ? 'implicit' : (how ?? (isWanted ? 'starttls' : undefined))
  return { ...place, ...(mode && { tls: { mode, ...wishes } }), ...(compress === true && { compress }) }
}

function contradiction(what: string): HarnessError {
  return new HarnessError('USAGE', `${what}: one says that there is TLS, or how, and the other not`, 'leave one out')
}

/** What of {@link Credentials} is said by options. */
export function loginWishes(host: string, { mechanism, authorize, allowPlaintext }: ReachFlags): Partial<Credentials> {
  return {
    ...(mechanism !== undefined && { mechanism }),
    ...(authorize !== undefined && { authorize }),
    ...(allowPlaintext?.includes(host) === true && { allowPlaintext: true as const }),
  }
}

/** @returns the first option that was given, and is for a remote master only */
export function givenReachOption({ allowPlaintext = [], ...flags }: ReachFlags): string | undefined {
  const names = [
    'tls',
    'tlsCa',
    'tlsCert',
    'tlsKey',
    'tlsName',
    'tlsMin',
    'tlsNoVerify',
    'mechanism',
    'authorize',
    'compress',
  ] as const
  const given = allowPlaintext.length > 0 ? 'allowPlaintext' : names.find(name => flags[name] !== undefined)
  return given && flagWord(given)
}

/** `mupdate://user@host:port` and the options that lead there: what {@link reachedAddress} and {@link loginWishes} were made of. */
export function reachWords(
  { user, mechanism, authorize, allowPlaintext }: Credentials,
  { host, port, tls, compress }: MasterAddress,
): string {
  const { mode, caFile, certFile, keyFile, serverName, minVersion, verify }: Partial<TlsSettings> = tls ?? {}
  const version = [...VERSIONS].find(([, name]) => name === minVersion)?.[0]
  const options = {
    tls: mode === 'implicit' ? undefined : mode,
    'tls-ca': caFile,
    'tls-cert': certFile,
    'tls-key': keyFile,
    'tls-name': serverName,
    'tls-min': version,
    'tls-no-verify': verify === false ? '' : undefined,
    mechanism,
    authorize,
    compress: compress === true ? '' : undefined,
    'allow-plaintext': allowPlaintext === true ? host : undefined,
  }
  const words = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [` --${name}${value === '' ? '' : ` ${value}`}`],
  )
  const name = host.includes(':') ? `[${host}]` : host
  return `mupdate${mode === 'implicit' ? 's' : ''}://${encodeURIComponent(user)}@${name}:${port}${words.join('')}`
}

import { Command, Option } from 'commander'
import { isLoopback } from '../core/address.js'
import { HarnessError } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { readText } from '../core/given-files.js'
import { DIALECT_NAMES, type DialectName, dialectOf } from '../masters/embedded/dialect.js'
import { type EmbeddedMasterOptions, embeddedMaster } from '../masters/embedded/embedded-master.js'
import type { TlsOptions } from '../masters/embedded/server-tls.js'
import { MECHANISMS, type Mechanism, mechanismOf } from '../sasl/mechanism.js'

interface MasterFlags {
  readonly host: string
  readonly port: string
  readonly user: string
  readonly allowRemote?: true
  readonly hostname?: string
  readonly mechanisms?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly tlsCa?: string
  readonly tlsImplicit?: true
  readonly compress?: true
  readonly dialect?: DialectName
  readonly crashOnUnknownDelete?: true
  readonly load?: string
  readonly save?: string
}

const EXAMPLES = `
Examples:
  mupdate-bench master --port 13905 &
  mupdatetest -p 13905 -u murder -a murder 127.0.0.1

  # as a Cyrus 3.6.1 with TLS, for slaves and backends of your own
  mupdate-bench master --dialect 3.6 --mechanisms SCRAM-SHA-256,PLAIN --tls-cert cert.pem --tls-key key.pem

  # keeps its mailboxes from one time to the next; list.json may also be what ctl_mboxlist -d wrote
  mupdate-bench master --save list.json
  mupdate-bench master --load list.json --save list.json`

export function masterCommand(): Command {
  return new Command('master')
    .description('serve an embedded master for other clients, until Ctrl-C')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('-p, --port <port>', 'port; 0 takes a free one', '3905')
    .option('-u, --user <name>', 'who may log in; the password is MUPDATE_BENCH_PASSWORD, or a generated one', 'murder')
    .option('--allow-remote', 'listen on an address that other hosts can reach')
    .option('--hostname <name>', 'name in the banner, and DIGEST-MD5’s realm (default: localhost)')
    .option('--mechanisms <list>', `logins that are offered: ${MECHANISMS.join(', ')} (default: PLAIN)`)
    .option('--tls-cert <file>', 'offer STARTTLS with this certificate (PEM)')
    .option('--tls-key <file>', 'its private key (PEM)')
    .option('--tls-ca <file>', 'ask clients for certificates that this authority signed (PEM); EXTERNAL takes their CN')
    .option('--tls-implicit', 'TLS from the first byte on, instead of STARTTLS')
    .option('--compress', 'offer COMPRESS DEFLATE')
    .addOption(
      new Option('--dialect <version>', 'call itself Cyrus of this version, and answer as it').choices(DIALECT_NAMES),
    )
    .option('--crash-on-unknown-delete', 'drop all connections when a real one would die: for tests of its clients')
    .option('--load <file>', 'begin with these mailboxes: a dump of ctl_mboxlist -d, or what --save wrote')
    .option('--save <file>', 'write the mailboxes at the end, as such a dump: JSON, or text with --dialect 2.4')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: MasterFlags) => {
      if (!isLoopback(flags.host) && flags.allowRemote !== true) {
        throw new HarnessError(
          'USAGE',
          `${flags.host} can be reached by other hosts`,
          'if that is meant, add --allow-remote',
        )
      }
      await serve(embeddedOptions(flags))
    })
}

/** @throws {HarnessError} `USAGE` */
export function embeddedOptions(flags: MasterFlags): EmbeddedMasterOptions {
  const { host, user, hostname, mechanisms, dialect, load, save } = flags
  const port = Number(flags.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new HarnessError('USAGE', `--port ${flags.port} is no port`, 'give a number from 0 to 65535')
  }
  const tls = tlsOptions(flags)
  const logins = mechanisms === undefined ? undefined : parseMechanisms(mechanisms)
  if (logins !== undefined) checkLogins(logins, tls)
  const crashes = flags.crashOnUnknownDelete === true
  if (crashes && dialectOf(dialect).deadly.length === 0) {
    throw new HarnessError(
      'USAGE',
      `--crash-on-unknown-delete: Cyrus ${dialect} answers NO there, and lives`,
      'leave out one of --crash-on-unknown-delete and --dialect',
    )
  }
  return {
    host,
    port,
    user,
    ...(hostname === undefined ? {} : { hostname }),
    ...(logins === undefined ? {} : { mechanisms: logins }),
    ...(tls === undefined ? {} : { tls }),
    ...(dialect === undefined ? {} : { dialect }),
    // All of these versions offer it, where they are built with zlib.
    compress: flags.compress === true || dialect !== undefined,
    crashes,
    ...(load === undefined ? {} : { load }),
    ...(save === undefined ? {} : { save }),
  }
}

function parseMechanisms(list: string): Mechanism[] {
  return list
    .split(/[\s,]+/)
    .filter(name => name !== '')
    .map(name => {
      const mechanism = mechanismOf(name)
      if (mechanism !== undefined) return mechanism
      throw new HarnessError('USAGE', `--mechanisms: ${name} is not known here`, `choose of ${MECHANISMS.join(', ')}`)
    })
}

/** @throws {HarnessError} `USAGE` where nobody could ever log in */
function checkLogins(logins: readonly Mechanism[], tls: TlsOptions | undefined): void {
  if (logins.length === 0) {
    throw new HarnessError('USAGE', '--mechanisms: none is named', `choose of ${MECHANISMS.join(', ')}`)
  }
  if (tls?.clientAuthority === undefined && logins.every(mechanism => mechanism === 'EXTERNAL')) {
    throw new HarnessError(
      'USAGE',
      '--mechanisms EXTERNAL: no client can show a certificate',
      'give --tls-cert, --tls-key and --tls-ca too, or name another mechanism beside it',
    )
  }
}

function tlsOptions({ tlsCert, tlsKey, tlsCa, tlsImplicit }: MasterFlags): TlsOptions | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return {
      certificate: readText(tlsCert),
      key: readText(tlsKey),
      ...(tlsCa === undefined ? {} : { clientAuthority: readText(tlsCa) }),
      ...(tlsImplicit === undefined ? {} : { implicit: true }),
    }
  }
  if (tlsCert === undefined && tlsKey === undefined && tlsCa === undefined && tlsImplicit === undefined)
    return undefined
  throw new HarnessError('USAGE', 'TLS needs a certificate and its key', 'give both --tls-cert and --tls-key')
}

async function serve(options: EmbeddedMasterOptions): Promise<void> {
  const given = process.env.MUPDATE_BENCH_PASSWORD
  const master = embeddedMaster({ ...options, ...(given === undefined ? {} : { password: given }) })
  const ended = new Promise<number>(resolve => {
    master.onEvent(event => {
      if (event.kind === 'died') {
        process.stderr.write(`${event.detail}\n`)
        resolve(EXIT.master)
      } else if (event.kind === 'syslog') process.stderr.write(`${event.line}\n`)
      else process.stderr.write('it has lost all connections, and is back\n')
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(EXIT.pass))
  })
  await master.start()
  const { address, credentials } = master
  const scheme = options.tls?.implicit === true ? 'mupdates' : 'mupdate'
  process.stdout.write(`listening on ${scheme}://${credentials.user}@${address.host}:${address.port}\n`)
  process.stdout.write(
    given === undefined ? `password: ${credentials.password}\n` : 'password: as MUPDATE_BENCH_PASSWORD says\n',
  )
  process.exitCode = await ended
  await master.stop()
}

import { readFileSync } from 'node:fs'
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node'
import { type Command, Option } from 'commander'
import { HarnessError, messageOf } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { unreadable } from '../core/given-files.js'

/** How NATS is reached, as its own tools call it. */
export interface NatsFlags {
  readonly nats?: string
  readonly natsCreds?: string
  readonly natsNkey?: string
  readonly natsUser?: string
  readonly natsTlsca?: string
  readonly natsTlscert?: string
  readonly natsTlskey?: string
}

/** Heading of what has to do with it, in --help. */
export const NATS_GROUP = 'Other machines:'

const CONNECT_MS = 5_000

export function natsOptions(command: Command): Command {
  const options = [
    new Option('--nats <url>', 'server by which agents and probes are reached: nats://host:4222, tls://host:4222').env(
      'NATS_URL',
    ),
    new Option('--nats-creds <file>', 'credentials file for it').env('NATS_CREDS'),
    new Option('--nats-nkey <file>', 'file with an nkey’s seed').env('NATS_NKEY'),
    new Option('--nats-user <name>', 'user; the password comes from NATS_PASSWORD').env('NATS_USER'),
    new Option('--nats-tlsca <file>', 'PEM file of who has signed its certificate').env('NATS_CA'),
    new Option('--nats-tlscert <file>', 'PEM file of a certificate of yours').env('NATS_CERT'),
    new Option('--nats-tlskey <file>', 'PEM file of its key').env('NATS_KEY'),
  ]
  for (const option of options) command.addOption(option.helpGroup(NATS_GROUP))
  return command
}

/** @throws {HarnessError} `USAGE`, `AGENTS` */
export async function connectNats(flags: NatsFlags, name: string): Promise<NatsConnection> {
  const { nats: url } = flags
  if (url === undefined)
    throw new HarnessError('USAGE', 'no NATS server is given', 'add --nats nats://host:4222, or set NATS_URL')
  if (/\/\/[^/]*@/.test(url))
    throw new HarnessError(
      'USAGE',
      'a password or token in the URL of NATS can be read by everybody on this host',
      'take --nats-user and NATS_PASSWORD, --nats-creds or --nats-nkey',
    )
  try {
    return await connect(connectionOf(url, flags, name))
  } catch (error) {
    throw new HarnessError('AGENTS', `NATS at ${url}: ${messageOf(error)}`, hintOf(messageOf(error)), { cause: error })
  }
}

function connectionOf(servers: string, flags: NatsFlags, name: string): NodeConnectionOptions {
  const { natsTlsca: caFile, natsTlscert: certFile, natsTlskey: keyFile } = flags
  const tls = { ...(caFile && { caFile }), ...(certFile && { certFile }), ...(keyFile && { keyFile }) }
  const isTls = servers.startsWith('tls:') || Object.keys(tls).length > 0
  const authenticator = authenticatorOf(flags)
  return {
    servers,
    name,
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    ...(isTls && { tls }),
    ...(authenticator && { authenticator }),
  }
}

function authenticatorOf({ natsCreds, natsNkey, natsUser }: NatsFlags): Authenticator | undefined {
  if (natsCreds !== undefined) return credsAuthenticator(read(natsCreds))
  if (natsNkey !== undefined) return nkeyAuthenticator(Buffer.from(read(natsNkey).toString('latin1').trim()))
  if (natsUser !== undefined) return usernamePasswordAuthenticator(natsUser, process.env.NATS_PASSWORD ?? '')
  return undefined
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

function hintOf(message: string): string {
  if (/authoriz|authent/i.test(message)) return 'check --nats-user and NATS_PASSWORD, --nats-creds or --nats-nkey'
  if (/certificate|self.signed|tls/i.test(message))
    return 'give --nats-tlsca the file of who has signed its certificate'
  return 'start one there (nats-server), or give the right URL'
}

/** To tell NATS what is still to be told. */
const DRAIN_MS = 1_000

/**
 * Serves until Ctrl-C, SIGTERM or the end of the connection; then the process ends.
 *
 * @param stop what has to be ended before, and why, in words
 * @param hint where NATS has closed
 * @throws {HarnessError} `AGENTS` where NATS has closed
 */
export async function serveUntilAsked(
  nats: NatsConnection,
  { nats: url }: NatsFlags,
  stop: (why: string) => unknown,
  hint: string,
): Promise<void> {
  const closed = nats.closed()
  const asked = new Promise<void>(resolve => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  const error = await Promise.race([closed, asked])
  await stop(nats.isClosed() ? 'NATS has closed' : 'it was ended there')
  if (nats.isClosed()) throw new HarnessError('AGENTS', `NATS at ${url} has closed: ${messageOf(error)}`, hint)
  await Promise.race([nats.drain().catch(() => {}), new Promise(resolve => setTimeout(resolve, DRAIN_MS))])
  // Where it cannot be reached just now, the client tries again for ever, closed or not.
  process.exit(EXIT.pass)
}

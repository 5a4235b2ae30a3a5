import { randomBytes } from 'node:crypto'
import { hostname, networkInterfaces } from 'node:os'
import type { NatsConnection } from '@nats-io/transport-node'
import { type Command, InvalidArgumentError } from 'commander'
import { Probe } from '../agents/probe.js'
import { isLoopback, type MasterAddress } from '../core/address.js'
import { monotonicClock, monotonicOriginS } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { packageVersion } from '../core/package-root.js'
import { FollowedProcess } from '../samplers/followed-process.js'
import { DEFAULT_PORT } from './choose-master.js'
import { findMaster } from './local-master.js'
import { wholeNumber } from './options.js'
import { Progress } from './progress.js'

/** Which master on this host is watched. */
export interface BesideFlags {
  readonly port?: number
  readonly pid?: number
  readonly master?: MasterAddress
}

/** Cyrus's master(8) holds the socket too, also while no mupdate is there; Debian calls it so. */
const PARENTS = ['master', 'cyrmaster']

/** @param on said before each, where something else has to be given too */
export function besideOptions(command: Command, on = ''): Command {
  return command
    .option('--port <n>', `${on}where the master listens here (${DEFAULT_PORT}, or that of --master)`, portFrom)
    .option('--pid <pid>', `${on}the process, and no other that comes after it`, pidFrom)
    .option(
      '--master <host:port>',
      `${on}how runs call this master, where that is no address of this host`,
      addressFrom,
    )
}

/** Finds the master on this host. @throws {HarnessError} `USAGE` for a process that is not there */
export function findBeside(flags: BesideFlags): Beside {
  const { port = flags.master?.port ?? DEFAULT_PORT } = flags
  return { port, addresses: addressesHere(port, flags.master), pid: follow(flags, port) }
}

interface Beside {
  readonly port: number
  /** As runs may call it. */
  readonly addresses: readonly string[]
  /** Its process now. */
  readonly pid: () => number | undefined
}

/** Watches it for whoever asks. */
export async function watchBeside(
  nats: NatsConnection,
  name: string,
  beside: Beside,
  tell: (line: string) => void,
): Promise<Probe> {
  const id = randomBytes(4).toString('hex')
  const probe = new Probe(nats, { ...beside, id, name, version: packageVersion(), tell })
  probe.listen()
  await nats.flush()
  const pid = beside.pid()
  const what =
    pid === undefined ? `no process of a master on port ${beside.port} so far` : `process ${pid}, port ${beside.port}`
  tell(`probe ${name} (${id}) waits at ${nats.getServer()}: ${what}`)
  return probe
}

/** @throws {HarnessError} `USAGE` for a process that is not there */
function follow({ pid: only }: BesideFlags, port: number): () => number | undefined {
  const progress = new Progress(process.stderr, true)
  const serving = () => {
    const { pid, program } = findMaster(port, undefined, progress) ?? {}
    return program !== undefined && PARENTS.includes(program) ? undefined : pid
  }
  const candidates = only === undefined ? undefined : [only]
  const find = () => (candidates === undefined ? serving() : candidates.pop())
  const followed = new FollowedProcess({ find, clock: monotonicClock(monotonicOriginS()) })
  if (only !== undefined && followed.pid() === undefined)
    throw new HarnessError('USAGE', `--pid ${only}: there is no such process`, 'see pidof mupdate')
  return () => followed.pid()
}

/** Loopback is each host's own. */
function addressesHere(port: number, master: MasterAddress | undefined): string[] {
  const links = Object.values(networkInterfaces()).flatMap(link => link ?? [])
  const own = [hostname(), ...links.map(({ address }) => address).filter(address => !isLoopback(address))]
  return [
    ...(master === undefined ? [] : [`${master.host.toLowerCase()}:${master.port}`]),
    ...own.map(address => `${address.toLowerCase()}:${port}`),
  ]
}

function addressFrom(text: string): MasterAddress {
  const found = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+))(?::(\d+))?$/i.exec(text)
  if (found === null) throw new InvalidArgumentError('Write host:port.')
  return { host: found[1] ?? found[2]!, port: found[3] === undefined ? DEFAULT_PORT : portFrom(found[3]) }
}

function portFrom(text: string): number {
  const port = wholeNumber(text)
  if (port < 1 || port > 65_535) throw new InvalidArgumentError('It is no port.')
  return port
}

function pidFrom(text: string): number {
  const pid = wholeNumber(text)
  if (pid < 1) throw new InvalidArgumentError('It is no process.')
  return pid
}

import { randomBytes } from 'node:crypto'
import { hostname, networkInterfaces } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { Probe } from '../agents/probe.js'
import { isLoopback, type MasterAddress } from '../core/address.js'
import { monotonicClock, monotonicOriginS } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { packageVersion } from '../core/package-root.js'
import { FollowedProcess } from '../samplers/followed-process.js'
import { DEFAULT_PORT } from './choose-master.js'
import { findMaster } from './local-master.js'
import { connectNats, type NatsFlags, natsOptions, serveUntilAsked } from './nats.js'
import { wholeNumber } from './options.js'
import { Progress } from './progress.js'

interface ProbeFlags extends NatsFlags {
  readonly name: string
  readonly port?: number
  readonly pid?: number
  readonly master?: MasterAddress
}

/** Cyrus's master(8) holds the socket too, also while no mupdate is there; Debian calls it so. */
const PARENTS = ['master', 'cyrmaster']

export function probeCommand(): Command {
  const command = new Command('probe')
    .description('on a master’s host: watch its process for runs on other machines, CPU per thread and memory')
    .option('--name <name>', 'what runs call it', hostname())
    .option('--port <n>', `where the master listens here (${DEFAULT_PORT}, or that of --master)`, portFrom)
    .option('--pid <pid>', 'the process, and no other that comes after it', pidFrom)
    .option('--master <host:port>', 'how runs call this master, where that is no address of this host', addressFrom)
  return natsOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench probe --nats nats://bench.example.com
  mupdate-bench probe --nats tls://bench.example.com --nats-creds probe.creds --master mupdate.example.com:3905
  mupdate-bench probe --nats nats://bench.example.com --port 3906 --name second

A run against that master with the same --nats finds it. It looks at /proc every 250 ms while a run wants to know, and
sends nothing to the master. As root, or as the user of Cyrus, it sees descriptors and bytes written too.

Exit status: 0 ended by Ctrl-C or SIGTERM, 2 usage, no such process, or NATS cannot be reached.`,
    )
    .action(serve)
}

async function serve(flags: ProbeFlags): Promise<void> {
  const tell = (line: string) => void process.stderr.write(`${line}\n`)
  const { name, master, port = master?.port ?? DEFAULT_PORT } = flags
  const processNow = follow(flags, port)
  const nats = await connectNats(flags, `mupdate-bench probe ${name}`)
  const id = randomBytes(4).toString('hex')
  const addresses = addressesHere(port, master)
  const probe = new Probe(nats, { id, name, version: packageVersion(), port, addresses, pid: processNow, tell })
  probe.listen()
  await nats.flush()
  const pid = processNow()
  const what = pid === undefined ? `no process of a master on port ${port} so far` : `process ${pid}, port ${port}`
  tell(`probe ${name} (${id}) waits at ${nats.getServer()}: ${what}`)
  await serveUntilAsked(nats, flags, () => probe.stop(), 'start the probe again')
}

/** @throws {HarnessError} `USAGE` for a process that is not there */
function follow({ pid: only }: ProbeFlags, port: number): () => number | undefined {
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

import { randomBytes } from 'node:crypto'
import { availableParallelism, hostname } from 'node:os'
import { Command, Option } from 'commander'
import { Agent } from '../agents/agent.js'
import { HarnessError } from '../core/errors.js'
import { giveWay } from '../core/give-way.js'
import { packageVersion } from '../core/package-root.js'
import { type BesideFlags, besideOptions, findBeside, watchBeside } from './beside.js'
import { passwordIn } from './choose-master.js'
import { collect, workersFrom } from './options.js'
import { connectNats, type NatsFlags, natsOptions, serveUntilAsked } from './nats.js'

interface AgentFlags extends NatsFlags, BesideFlags {
  readonly name: string
  readonly capacity?: number
  readonly allowMaster: string[]
  readonly passwordFile?: string
  readonly spool: string
  readonly probe?: boolean
}

export function agentCommand(): Command {
  const command = new Command('agent')
    .description('wait for runs on other machines, and carry out a part of them from this one')
    // The manual page is of no host.
    .addOption(new Option('--name <name>', 'what runs call it').default(hostname(), 'the name of this host'))
    .option('--capacity <n>', 'threads of load that it may be given (all CPUs but one, at least 1)', workersFrom)
    .option(
      '--allow-master <host[:port]>',
      'a master that it may load, beside those on this host (repeatable)',
      collect,
      [],
    )
    .option('--password-file <file>', 'password of such a master (else MUPDATE_BENCH_PASSWORD)')
    .option('--spool <dir>', 'where its part of a run is written before it is sent', 'agent-spool')
    .option('--probe', 'watch the process of the master on this host too, as mupdate-bench probe does')
  return natsOptions(besideOptions(command, 'with --probe: '))
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench agent --nats nats://bench.example.com
  MUPDATE_BENCH_PASSWORD=… mupdate-bench agent --nats tls://bench.example.com --nats-creds agent.creds \\
      --allow-master staging.example.com:3905
  mupdate-bench agent --nats nats://bench.example.com --probe

It runs profiles, never code, one at a time, and only against masters on this host and those that are allowed.

Exit status: 0 ended by Ctrl-C or SIGTERM, 2 usage, no process to watch, or NATS cannot be reached.`,
    )
    .action(serve)
}

async function serve(flags: AgentFlags): Promise<void> {
  const id = randomBytes(4).toString('hex')
  const tell = (line: string) => void process.stderr.write(`${line}\n`)
  const password =
    flags.passwordFile === undefined ? process.env.MUPDATE_BENCH_PASSWORD : passwordIn(flags.passwordFile)
  const beside = masterBeside(flags)
  const nats = await connectNats(flags, `mupdate-bench agent ${flags.name}`)
  const capacity = flags.capacity ?? Math.max(1, availableParallelism() - 1)
  const agent = new Agent(nats, {
    id,
    name: flags.name,
    version: packageVersion(),
    capacity,
    allowMasters: flags.allowMaster,
    password,
    spoolFolder: flags.spool,
    tell,
  })
  giveWay()
  const probe = beside && (await watchBeside(nats, flags.name, beside, tell))
  agent.listen()
  await nats.flush()
  const left = agent.kept.length
  if (left > 0)
    tell(
      `${flags.spool} has ${left} parts of runs that were lost: collect them (mupdate-bench collect), or delete them`,
    )
  tell(`agent ${flags.name} (${id}) waits at ${nats.getServer()} for up to ${capacity} threads of load`)
  const stop = async (why: string) => {
    probe?.stop()
    await agent.stop(why)
  }
  await serveUntilAsked(nats, flags, stop, 'start the agent again')
}

/** @throws {HarnessError} `USAGE` */
function masterBeside(flags: AgentFlags) {
  if (flags.probe === true) return findBeside(flags)
  const given = (['port', 'pid', 'master'] as const).find(name => flags[name] !== undefined)
  if (given !== undefined)
    throw new HarnessError('USAGE', `--${given} without --probe: it says which master is watched`, 'add --probe')
  return undefined
}

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { availableParallelism, hostname } from 'node:os'
import { Command, Option } from 'commander'
import { Agent } from '../agents/agent.js'
import { HarnessError, messageOf } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { packageVersion } from '../core/package-root.js'
import { collect, workersFrom } from './options.js'
import { connectNats, type NatsFlags, natsOptions } from './nats.js'

interface AgentFlags extends NatsFlags {
  readonly name: string
  readonly capacity?: number
  readonly allowMaster: string[]
  readonly passwordFile?: string
  readonly spool: string
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
  return natsOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench agent --nats nats://bench.example.com
  MUPDATE_BENCH_PASSWORD=… mupdate-bench agent --nats tls://bench.example.com --nats-creds agent.creds \\
      --allow-master staging.example.com:3905

It runs profiles, never code, one at a time, and only against masters on this host and those that are allowed.

Exit status: 0 ended by Ctrl-C or SIGTERM, 2 usage, or NATS cannot be reached.`,
    )
    .action(serve)
}

async function serve(flags: AgentFlags): Promise<void> {
  const id = randomBytes(4).toString('hex')
  const tell = (line: string) => void process.stderr.write(`${line}\n`)
  const password = passwordOf(flags)
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
  agent.listen()
  await nats.flush()
  tell(`agent ${flags.name} (${id}) waits at ${nats.getServer()} for up to ${capacity} threads of load`)
  const closed = nats.closed()
  const asked = new Promise<void>(resolve => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  const error = await Promise.race([closed, asked])
  await agent.stop(nats.isClosed() ? 'NATS has closed' : 'it was ended there')
  if (nats.isClosed())
    throw new HarnessError('AGENTS', `NATS at ${flags.nats} has closed: ${messageOf(error)}`, 'start the agent again')
  await Promise.race([nats.drain().catch(() => {}), new Promise(resolve => setTimeout(resolve, DRAIN_MS))])
  // Where it cannot be reached just now, the client tries again for ever, closed or not.
  process.exit(EXIT.pass)
}

const DRAIN_MS = 1_000

function passwordOf({ passwordFile }: AgentFlags): string | undefined {
  if (passwordFile === undefined) return process.env.MUPDATE_BENCH_PASSWORD
  try {
    return readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new HarnessError('USAGE', `cannot read ${passwordFile}: ${messageOf(error)}`, 'check the path')
  }
}

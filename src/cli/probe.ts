import { hostname } from 'node:os'
import { Command } from 'commander'
import { type BesideFlags, besideOptions, findBeside, watchBeside } from './beside.js'
import { connectNats, type NatsFlags, natsOptions, serveUntilAsked } from './nats.js'

interface ProbeFlags extends NatsFlags, BesideFlags {
  readonly name: string
}

export function probeCommand(): Command {
  const command = new Command('probe')
    .description('on a master’s host: watch its process for runs on other machines, CPU per thread and memory')
    .option('--name <name>', 'what runs call it', hostname())
  return natsOptions(besideOptions(command))
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
  const beside = findBeside(flags)
  const nats = await connectNats(flags, `mupdate-bench probe ${flags.name}`)
  const probe = await watchBeside(nats, flags.name, beside, tell)
  await serveUntilAsked(nats, flags, () => probe.stop(), 'start the probe again')
}

import { Command } from 'commander'
import type { MasterAddress } from '../core/address.js'
import { monotonicClock, monotonicOriginS } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { packageVersion } from '../core/package-root.js'
import { formatCount } from '../core/units.js'
import { urlHost } from '../live/live-address.js'
import { loadHistograms } from '../metrics/latency.js'
import { RecordingProxy } from '../recording/recording-proxy.js'
import { TraceFile } from '../recording/trace-file.js'
import { BLINDING } from '../traces/blinding.js'
import { TRACE_SCHEMA, type TraceHeader } from '../traces/trace-line.js'
import { mayBeSame } from './own-addresses.js'
import { Progress } from './progress.js'
import { parseListen, parseTo } from './record-addresses.js'
import { recordingText } from './recording-text.js'
import { onInterrupt } from './signals.js'

interface RecordFlags {
  readonly listen: string
  readonly to: string
  readonly output?: string
  readonly refuse?: true
  readonly everyRecord?: true
  readonly allowRemote?: true
  readonly quiet?: true
}

const NOTE_MS = 1000

export function recordCommand(): Command {
  return new Command('record')
    .description('stand between clients and a master, and write down what they say')
    .requiredOption('-l, --listen <address>', 'PORT or HOST:PORT for clients to connect to; port 0 is a free one')
    .requiredOption('-t, --to <master>', 'the master: mupdate://host:port')
    .option('-o, --output <file>', 'the trace; it must not be there yet (default: trace-<time>.ndjson)')
    .option('--refuse', 'leave STARTTLS and COMPRESS in the banner, and refuse them to who asks')
    .option('--every-record', 'a line for each record of a list; else they are counted')
    .option('--allow-remote', 'listen on an address that other hosts can reach')
    .option('-q, --quiet', 'no progress')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench record --listen 13905 --to mupdate://mupdate.example.com
  mupdate-bench record --listen 0.0.0.0:3905 --allow-remote --to mupdate://10.0.0.5 -o day.ndjson
  mupdate-bench replay day.ndjson --master cyrus --speed 10

Until Ctrl-C or SIGTERM. Passwords, and all else of logins but the mechanism, are left out; names of
mailboxes are not. What STARTTLS and COMPRESS hide cannot be recorded: they are taken out of the banner.
Exit status: 0 recorded, 2 usage, or the trace could not be written to its end.`,
    )
    .action(async (flags: RecordFlags) => {
      const listen = parseListen(flags.listen, flags.allowRemote === true)
      const master = parseTo(flags.to)
      if (await mayBeSame(listen, master))
        throw new HarnessError(
          'USAGE',
          `--listen ${flags.listen}: that is the master, ${flags.to}: the recorder would be its own client`,
          'give another port',
        )
      await record(listen, master, flags, new Progress(process.stderr, flags.quiet === true))
    })
}

async function record(
  listen: MasterAddress,
  master: MasterAddress,
  flags: RecordFlags,
  progress: Progress,
): Promise<void> {
  await loadHistograms()
  const clock = monotonicClock(monotonicOriginS())
  const startedAt = new Date()
  const startNs = clock.nowNs()
  const trace = TraceFile.create(pathOf(flags, startedAt), headerOf(master, flags, startedAt))
  trace.onFailure = failure => progress.warn(`${failure.message}; traffic goes on`)
  const proxy = await RecordingProxy.start({
    listen,
    master,
    strikes: flags.refuse !== true,
    everyRecord: flags.everyRecord === true,
    clock,
    startNs,
    onLine: line => {
      trace.add(line)
      if ('event' in line && line.event === 'looped' && proxy.tally.looped === 1)
        progress.warn(
          `${flags.to} leads back to this recorder: such connections are ended; give the master's own address`,
        )
    },
  }).catch(async error => {
    await trace.discard()
    throw error
  })
  process.stdout.write(`listening on mupdate://${urlHost(listen.host)}:${proxy.port}, recording into ${trace.path}\n`)
  await untilInterrupt(proxy, progress)
  progress.clear()
  await proxy.stop()
  await trace.close()
  process.stdout.write(recordingText(proxy, (clock.nowNs() - startNs) / 1e9, trace.path))
  proxy.residence.destroy()
  if (trace.failure !== undefined) throw trace.failure
}

async function untilInterrupt(proxy: RecordingProxy, progress: Progress): Promise<void> {
  const notes = setInterval(
    () => progress.note(`${proxy.open} connections, ${formatCount(proxy.tally.messages)} messages`),
    NOTE_MS,
  )
  const release = await new Promise<() => void>(resolve => {
    const release = onInterrupt(
      () => resolve(release),
      () => Promise.resolve(),
    )
  })
  clearInterval(notes)
  release()
}

function headerOf({ host, port }: MasterAddress, flags: RecordFlags, startedAt: Date): TraceHeader {
  return {
    schema: TRACE_SCHEMA,
    harnessVersion: packageVersion(),
    startedAt: startedAt.toISOString(),
    madeBy: 'record',
    master: `${host}:${port}`,
    refused: [...BLINDING],
    struck: flags.refuse !== true,
    records: flags.everyRecord === true ? 'every' : 'counted',
  }
}

/** @throws {HarnessError} `USAGE` */
function pathOf({ output }: RecordFlags, startedAt: Date): string {
  if (output === undefined) return `trace-${startedAt.toISOString().slice(0, 19).replaceAll(':', '')}Z.ndjson`
  if (!output.endsWith('.gz')) return output
  throw new HarnessError(
    'USAGE',
    `${output}: a trace is not packed while it is written, so that all of it can be read should this be killed`,
    'leave .gz out, and pack it afterwards: replay reads it so',
  )
}

import { Command, InvalidArgumentError } from 'commander'
import { HarnessError } from '../core/errors.js'
import { loadProfile, type Profile } from '../profile/load.js'
import { replayText } from '../report/replay.js'
import { type MasterChoice, parseMaster } from './choose-master.js'
import { readTraces } from './given-traces.js'
import { collect } from './options.js'
import { Progress } from './progress.js'
import { reachOptions, type ReachFlags } from './reach-options.js'
import { replayTraces } from './replay-traces.js'

interface ReplayFlags extends ReachFlags {
  readonly master: string
  readonly speed: number
  readonly allowCrash?: true
  readonly set: string[]
  readonly json?: true
  readonly quiet?: true
  readonly passwordFile?: string
  readonly allowLoad: string[]
  readonly allowMutations: string[]
}

/** Whose master and seed are taken, as far as --set does not say otherwise. */
const PROFILE = 'smoke'

export function replayCommand(): Command {
  const command = new Command('replay')
    .description('send a master what another one was sent: its telemetry logs, or a trace of record, once more')
    .argument(
      '<logs...>',
      'traces of record, telemetry logs of a master, or its <configdirectory>/log/<user>; also packed by gzip',
    )
    .option(
      '-m, --master <master>',
      'embedded, embedded:cyrus or embedded:FILE, cyrus, cyrus:PREFIX or mupdate://user@host:port',
      'embedded',
    )
    .option('--speed <factor>', 'times the original’s, such as 0.5 or 10; max: as fast as the master answers', speed, 1)
    .option('--allow-crash', 'also send the DELETEs and DEACTIVATEs that may kill the master')
    .option('-s, --set <master.key=value>', 'how a master of our own is set up, as for run (repeatable)', collect, [])
    .option('--json', 'the result as JSON on stdout')
    .option('-q, --quiet', 'no progress')
    .option('--password-file <file>', 'password of a remote master (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--allow-load <host>', 'let it load that host (repeatable)', collect, [])
    .option('--allow-mutations <host>', 'let it create and delete the logs’ mailboxes there (repeatable)', collect, [])
  return reachOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench replay /var/imap/log/murder --master cyrus
  mupdate-bench replay log/murder --master cyrus:/opt/cyrus-3.12 --speed max --json
  mupdate-bench replay day.ndjson --master cyrus
  mupdate-bench replay log/murder/mupdate-17* --speed 10 --set master.settings.mupdate_workers_max=100

What the logs show to have been there is put on the master first. A Cyrus master writes such logs of the
connections of a user for whom there is a folder <configdirectory>/log/<user>.
Exit status: 0 replayed, 2 usage or no such logs, 3 master unreachable or lost, 5 the harness was late,
130 interrupted.`,
    )
    .action(async (paths: string[], flags: ReplayFlags) => {
      const choice = parseMaster(flags.master, flags)
      const profile = loadSettings(flags, choice)
      const progress = new Progress(process.stderr, flags.quiet === true)
      const given = await readTraces(paths, progress)
      const { result, status } = await replayTraces({
        ...flags,
        ...given,
        choice,
        profile,
        progress,
        allowCrash: flags.allowCrash === true,
      })
      process.exitCode = status
      process.stdout.write(flags.json === true ? `${JSON.stringify(result, null, 2)}\n` : replayText(result))
    })
}

function loadSettings({ set }: ReplayFlags, choice: MasterChoice): Profile {
  const other = set.find(text => !text.startsWith('master.'))
  if (other !== undefined)
    throw new HarnessError('USAGE', `--set ${other}: no setting of the master`, 'write --set master.place=disk')
  if (set.length > 0 && choice.kind === 'remote')
    throw new HarnessError('USAGE', `--set ${set[0]}: a remote master is as it is`, 'leave --set out')
  return loadProfile(PROFILE, set)
}

function speed(text: string): number {
  if (text === 'max') return Infinity
  const factor = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || factor < 0.001 || factor > 10_000)
    throw new InvalidArgumentError('Give a number from 0.001 to 10000, or max.')
  return factor
}

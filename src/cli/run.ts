import { Command } from 'commander'
import { HarnessError } from '../core/errors.js'
import type { LiveOptions } from '../live/live.js'
import { parseLiveAddress } from '../live/live-address.js'
import { loadProfile } from '../profile/load.js'
import { parseMaster } from './choose-master.js'
import { type ElsewhereFlags, elsewhereOptions, withElsewhere } from './elsewhere.js'
import { takeLiveToken } from './live-link.js'
import { collect, WORKERS, workersFrom } from './options.js'
import { printResult } from './print-result.js'
import { Progress } from './progress.js'
import { reachOptions, type ReachFlags } from './reach-options.js'
import { runProfile } from './run-profile.js'
import { siteSets } from './site-sets.js'

interface RunFlags extends ReachFlags, ElsewhereFlags {
  readonly master: string
  readonly set: string[]
  readonly seed?: string
  readonly out: string
  readonly json?: true
  readonly quiet?: true
  readonly keep?: true
  readonly trace?: string
  readonly workers?: number
  readonly passwordFile?: string
  readonly allowLoad: string[]
  readonly allowMutations: string[]
  readonly live?: string | true
  readonly liveAllowRemote?: true
}

export function runCommand(): Command {
  const command = new Command('run')
    .description('run a profile against a master and report')
    .argument('<profile>', 'a ready profile’s name (mupdate-bench profile list) or a YAML file')
    .option(
      '-m, --master <master>',
      'embedded, embedded:cyrus or embedded:FILE (a model of Cyrus, in real time), cyrus, cyrus:PREFIX or mupdate://user@host:port',
      'embedded',
    )
    .option(
      '-s, --set <key=value>',
      'change one setting of the profile, such as slaves.count=20 (repeatable)',
      collect,
      [],
    )
    .option('--seed <number>', 'seed of everything random, in place of the profile’s')
    .option('-o, --out <dir>', 'where results go', 'results')
    .option('--json', 'run.json on stdout, everything else on stderr')
    .option('-q, --quiet', 'no progress')
    .option('--keep', 'leave the run’s mailboxes on a remote master')
    .option(...WORKERS, workersFrom)
    .option('--trace <file>', 'write down what all its connections say, as record does; it must not be there yet')
    .option('--password-file <file>', 'password of a remote master (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--allow-load <host>', 'let this run read whole lists from that host (repeatable)', collect, [])
    .option('--allow-mutations <host>', 'let this run create and delete mailboxes there (repeatable)', collect, [])
    .option(
      '--live [address]',
      'serve a dashboard and /metrics while it runs: PORT or HOST:PORT (127.0.0.1, any port)',
      addressText,
    )
    .option('--live-allow-remote', 'let others than this host reach the dashboard')
  return elsewhereOptions(reachOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench run smoke
  mupdate-bench run seed-2010 --master cyrus
  mupdate-bench run capacity --master cyrus --set site.dump=mboxlist.gz
  mupdate-bench run resync-storm --master embedded:cyrus
  mupdate-bench run bulk-500k --master cyrus:/opt/cyrus-3.12 --set master.place=disk
  mupdate-bench run worker-cliff --master cyrus --workers 4
  mupdate-bench run frontends-500k --master mupdate://bench@staging --agents 4 --nats nats://bench \\
      --allow-load staging --allow-mutations staging
  mupdate-bench run ci --master mupdate://bench@staging --nats nats://bench --probe staging \\
      --allow-load staging --allow-mutations staging
  mupdate-bench run ci --json | jq .total.commands
  mupdate-bench run resync-storm --master embedded:cyrus --live
  MUPDATE_BENCH_LIVE_TOKEN=… mupdate-bench run seed-2010 --master cyrus --live 9300
  MUPDATE_BENCH_PASSWORD=… mupdate-bench run ci --master mupdate://bench@staging:3905 \\
      --allow-load staging --allow-mutations staging

Exit status: 0 pass, 2 usage, 3 master unreachable or lost, 4 threshold failed,
5 invalid (the harness was the limit), 6 inconclusive, 130 interrupted (results saved).`,
    )
    .action(async (name: string, { live, liveAllowRemote, ...flags }: RunFlags) => {
      if (live === undefined && liveAllowRemote === true)
        throw new HarnessError('USAGE', '--live-allow-remote without --live: nothing is served', 'add --live HOST:PORT')
      const sets = flags.seed === undefined ? flags.set : [...flags.set, `seed=${flags.seed}`]
      const progress = new Progress(process.stderr, flags.quiet === true)
      const profile = loadProfile(name, await siteSets(name, sets, progress))
      const master = parseMaster(flags.master, flags)
      const context = { who: 'run', progress }
      await withElsewhere(flags, { [`--master ${flags.master}`]: master }, context, async find => {
        const elsewhere = await find(master)
        const { result, folder, status } = await runProfile({
          ...flags,
          profile,
          master,
          keep: flags.keep === true,
          progress,
          ...(live === undefined ? {} : { live: liveOptions(live, liveAllowRemote === true) }),
          ...(elsewhere === undefined ? {} : { elsewhere }),
        })
        process.exitCode = status
        await printResult(result, folder, flags, progress)
      })
    })
}

/** Looked at as soon as it is read: where it is the profile, the next that is found wrong is that there is none. */
function addressText(text: string): string {
  parseLiveAddress(text, true)
  return text
}

/** @throws {HarnessError} `USAGE` */
function liveOptions(text: string | true, allowRemote: boolean): LiveOptions {
  return { address: parseLiveAddress(text, allowRemote), ...takeLiveToken(process.env) }
}

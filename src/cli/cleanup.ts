import { join } from 'node:path'
import { Command } from 'commander'
import { monotonicClock, monotonicOriginS } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { cleanUp, markerOf } from '../drivers/cleanup.js'
import { JOURNAL } from '../report/run-folder.js'
import { credentialsOf, parseMaster } from './choose-master.js'
import { type Leftovers, readCalibrationJournal, removeCalibrationJournal } from './calibration-journal.js'
import { readJournal } from './journal.js'
import { Progress } from './progress.js'
import { reachOptions, type ReachFlags } from './reach-options.js'
import { readRun } from './read-run.js'

interface CleanupFlags extends ReachFlags {
  readonly master: string
  readonly passwordFile?: string
  readonly withoutMarker?: true
}

/** A journal that somebody else wrote in must not make us delete his mailboxes. */
function checkMarker(name: string, marker: string): void {
  if (name.includes(marker)) return
  throw new HarnessError(
    'RESULTS',
    `the journal holds ${JSON.stringify(name)}, which no run with the marker ${marker} made`,
    'the file was changed: take that line out; or if it was a run with a dump, and nobody else has put such mailboxes there since, add --without-marker',
  )
}

function journalOfRun(directory: string): Leftovers {
  const { id, master } = readRun(directory)
  return { id, address: master.address, names: readJournal(join(directory, JOURNAL)) }
}

export function cleanupCommand(): Command {
  const command = new Command('cleanup')
    .description('remove what a run, a calibration or a replay left on a remote master')
    .argument('<run>', 'the run’s folder, results/<profile>/<time>-<id>, or the journal of a calibration or a replay')
    .requiredOption('-m, --master <url>', 'mupdate://user@host:port, the master of that run')
    .option('--password-file <file>', 'its password (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .option('--without-marker', 'also names that do not say that the run made them: those of its dump')
  return reachOptions(command)
    .addHelpText(
      'after',
      `
Looks each name of the journal up (FIND) and deletes what is there; it never lists the master.

Examples:
  mupdate-bench cleanup results/ci/20261124T101500Z-1a2b3c --master mupdate://bench@staging:3905
  mupdate-bench cleanup calibration-1a2b3c.journal --master mupdate://bench@staging:3905`,
    )
    .action(async (directory: string, flags: CleanupFlags) => {
      const ofCalibration = readCalibrationJournal(directory)
      const { id, address: noted, names } = ofCalibration ?? journalOfRun(directory)
      const choice = parseMaster(flags.master, flags)
      if (choice.kind !== 'remote')
        throw new HarnessError('USAGE', 'only a remote master keeps what a run made', 'give mupdate://user@host:port')
      const address = `${choice.address.host}:${choice.address.port}`
      if (address !== noted) {
        throw new HarnessError('USAGE', `that was on ${noted}, not on ${address}`, 'give the master that it was on')
      }
      const isTold = flags.withoutMarker === true || ofCalibration?.isSealed === true
      if (!isTold) for (const name of names) checkMarker(name, markerOf(id))
      const credentials = await credentialsOf(choice, flags.passwordFile)
      const progress = new Progress()
      const result = await cleanUp(
        choice.address,
        credentials,
        monotonicClock(monotonicOriginS()),
        names,
        ({ checked, deleted }) => progress.note(`${checked} of ${names.size} names checked, ${deleted} deleted`),
      )
      progress.clear()
      if (ofCalibration !== undefined) removeCalibrationJournal(directory)
      process.stdout.write(`${result.checked} names checked, ${result.deleted} deleted\n`)
    })
}

import { join } from 'node:path'
import { Command } from 'commander'
import { monotonicClock, monotonicOriginS } from '../core/clock.js'
import { HarnessError } from '../core/errors.js'
import { cleanUp, markerOf } from '../drivers/cleanup.js'
import { JOURNAL } from '../report/run-folder.js'
import { parseMaster, readPassword } from './choose-master.js'
import { readJournal } from './journal.js'
import { Progress } from './progress.js'
import { readRun } from './read-run.js'

interface CleanupFlags {
  readonly master: string
  readonly passwordFile?: string
}

/** A journal that somebody else wrote in must not make us delete his mailboxes. */
function checkMarker(name: string, marker: string): void {
  if (name.includes(marker)) return
  throw new HarnessError(
    'RESULTS',
    `the journal holds ${JSON.stringify(name)}, which no run with the marker ${marker} made`,
    'the file was changed: take that line out',
  )
}

export function cleanupCommand(): Command {
  return new Command('cleanup')
    .description('remove what a run left on a remote master')
    .argument('<run>', 'the run’s folder, results/<profile>/<time>-<id>')
    .requiredOption('-m, --master <url>', 'mupdate://user@host:port, the master of that run')
    .option('--password-file <file>', 'its password (else MUPDATE_BENCH_PASSWORD, else a prompt)')
    .addHelpText(
      'after',
      `
Looks each name of the run's journal up (FIND) and deletes what is there; it never lists the master.

Example:
  mupdate-bench cleanup results/ci/20261124T101500Z-1a2b3c --master mupdate://bench@staging:3905`,
    )
    .action(async (directory: string, flags: CleanupFlags) => {
      const run = readRun(directory)
      const choice = parseMaster(flags.master)
      if (choice.kind !== 'remote')
        throw new HarnessError('USAGE', 'only a remote master keeps what a run made', 'give mupdate://user@host:port')
      const address = `${choice.address.host}:${choice.address.port}`
      if (address !== run.master.address) {
        throw new HarnessError(
          'USAGE',
          `that run was on ${run.master.address}, not on ${address}`,
          'give the master of the run',
        )
      }
      const names = readJournal(join(directory, JOURNAL))
      for (const name of names) checkMarker(name, markerOf(run.id))
      const credentials = { user: choice.user, password: await readPassword(choice.user, flags.passwordFile) }
      const progress = new Progress()
      const result = await cleanUp(
        choice.address,
        credentials,
        monotonicClock(monotonicOriginS()),
        names,
        ({ checked, deleted }) => progress.note(`${checked} of ${names.size} names checked, ${deleted} deleted`),
      )
      progress.clear()
      process.stdout.write(`${result.checked} names checked, ${result.deleted} deleted\n`)
    })
}

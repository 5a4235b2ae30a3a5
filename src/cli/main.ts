#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { isHarnessError, messageOf } from '../core/errors.js'
import { EXIT, exitStatusOf } from '../core/exit-status.js'
import { packageVersion } from '../core/package-root.js'
import { baselineCommand } from './baseline.js'
import { calibrateCommand } from './calibrate.js'
import { capacityCommand } from './capacity.js'
import { cleanupCommand } from './cleanup.js'
import { compareCommand, keepSeparator } from './compare.js'
import { diagnoseCommand } from './diagnose.js'
import { dumpCommand } from './dump.js'
import { gateCommand } from './gate.js'
import { generateCommand } from './generate.js'
import { masterCommand } from './master.js'
import { planCommand } from './plan.js'
import { profileCommand } from './profile.js'
import { recordCommand } from './record.js'
import { replayCommand } from './replay.js'
import { rehearseUpgradeCommand } from './rehearse-upgrade.js'
import { reportCommand } from './report.js'
import { runCommand } from './run.js'
import { rehearseCommand } from './rehearse.js'
import { showCommand } from './show.js'
import { simulateCommand } from './simulate.js'
import { trendCommand } from './trend.js'

const program = new Command('mupdate-bench')
  .description('What does a MUPDATE master hold before its slaves lose it?')
  .version(packageVersion())
  // So that plan and plan init may both have -o.
  .enablePositionalOptions()
  .configureHelp({ showGlobalOptions: true })
  .addHelpText(
    'after',
    '\nExamples:\n  mupdate-bench run smoke\n  mupdate-bench run seed-2010 --master cyrus\n  mupdate-bench profile list',
  )

for (const command of [
  runCommand(),
  simulateCommand(),
  capacityCommand(),
  gateCommand(),
  compareCommand(),
  trendCommand(),
  diagnoseCommand(),
  planCommand(),
  rehearseCommand(),
  baselineCommand(),
  masterCommand(),
  calibrateCommand(),
  generateCommand(),
  dumpCommand(),
  recordCommand(),
  replayCommand(),
  rehearseUpgradeCommand(),
  showCommand(),
  reportCommand(),
  cleanupCommand(),
  profileCommand(),
]) {
  program.addCommand(command)
}
for (const command of [program, ...program.commands.flatMap(command => [command, ...command.commands])])
  command.exitOverride()

// A reader that has seen enough (head) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`mupdate-bench: cannot write to standard output: ${error.message}\n`)
  process.exit(EXIT.usage)
})
// Nobody to tell any more: a run goes on, and its results are on disk.
process.stderr.on('error', () => {})

try {
  await program.parseAsync(keepSeparator(process.argv))
} catch (error) {
  process.exitCode = explain(error)
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.pass : EXIT.usage
  if (isHarnessError(error)) {
    process.stderr.write(`mupdate-bench: ${error.message}\n${error.hint === '' ? '' : `  → ${error.hint}\n`}`)
  } else {
    process.stderr.write(`mupdate-bench: internal error: ${messageOf(error)}\n`)
    if (process.env.MUPDATE_BENCH_DEBUG !== undefined && error instanceof Error)
      process.stderr.write(`${error.stack}\n`)
  }
  return exitStatusOf(error)
}

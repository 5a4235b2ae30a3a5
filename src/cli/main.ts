#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { isHarnessError, messageOf } from '../core/errors.js'
import { EXIT, exitStatusOf } from '../core/exit-status.js'
import { packageVersion } from '../core/package-root.js'
import { keepSeparator } from './separator.js'

/** In the order of the help. Only the one that is asked for is loaded: all of them take half a second, and 50 MB. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.js')).runCommand(),
  simulate: async () => (await import('./simulate.js')).simulateCommand(),
  capacity: async () => (await import('./capacity.js')).capacityCommand(),
  gate: async () => (await import('./gate.js')).gateCommand(),
  compare: async () => (await import('./compare.js')).compareCommand(),
  trend: async () => (await import('./trend.js')).trendCommand(),
  doctor: async () => (await import('./doctor.js')).doctorCommand(),
  diagnose: async () => (await import('./diagnose.js')).diagnoseCommand(),
  plan: async () => (await import('./plan.js')).planCommand(),
  rehearse: async () => (await import('./rehearse.js')).rehearseCommand(),
  baseline: async () => (await import('./baseline.js')).baselineCommand(),
  master: async () => (await import('./master.js')).masterCommand(),
  calibrate: async () => (await import('./calibrate.js')).calibrateCommand(),
  generate: async () => (await import('./generate.js')).generateCommand(),
  dump: async () => (await import('./dump.js')).dumpCommand(),
  collect: async () => (await import('./collect.js')).collectCommand(),
  agent: async () => (await import('./agent.js')).agentCommand(),
  probe: async () => (await import('./probe.js')).probeCommand(),
  record: async () => (await import('./record.js')).recordCommand(),
  replay: async () => (await import('./replay.js')).replayCommand(),
  'rehearse-upgrade': async () => (await import('./rehearse-upgrade.js')).rehearseUpgradeCommand(),
  show: async () => (await import('./show.js')).showCommand(),
  report: async () => (await import('./report.js')).reportCommand(),
  cleanup: async () => (await import('./cleanup.js')).cleanupCommand(),
  profile: async () => (await import('./profile.js')).profileCommand(),
}

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

const name = process.argv[2] ?? ''
const loads = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]] : Object.values(COMMANDS)
for (const load of loads) program.addCommand(await load())
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

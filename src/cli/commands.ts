import { Command } from 'commander'
import { packageCommit, packageVersion } from '../core/package-root.js'

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
  completion: async () => (await import('./completion.js')).completionCommand(),
  man: async () => (await import('./man.js')).manCommand(),
}

/** @param name the command that is asked for; where it is none, the program has all of them */
export async function programFor(name: string): Promise<Command> {
  const program = new Command('mupdate-bench')
    .description('What does a MUPDATE master hold before its slaves lose it?')
    .version(`mupdate-bench ${packageVersion()} (${packageCommit()}, Node ${process.versions.node})`)
    // So that plan and plan init may both have -o.
    .enablePositionalOptions()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExamples:\n  mupdate-bench run smoke\n  mupdate-bench run seed-2010 --master cyrus\n  mupdate-bench profile list',
    )
  const loads = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]] : Object.values(COMMANDS)
  for (const load of loads) program.addCommand(await load())
  return program
}

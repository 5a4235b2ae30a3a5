import { Command } from 'commander'
import { summaryText } from '../report/summary.js'
import { readRun } from './read-run.js'

export function showCommand(): Command {
  return new Command('show')
    .description('print the summary of a run, also of one that was cut off')
    .argument('<dir>', 'the run’s folder, results/<profile>/<time>-<id>')
    .option('--json', 'its run.json')
    .addHelpText('after', '\nExample:\n  mupdate-bench show results/smoke/20261124T101500Z-1a2b3c')
    .action((directory: string, flags: { json?: true }) => {
      const run = readRun(directory)
      process.stdout.write(flags.json === true ? `${JSON.stringify(run, null, 2)}\n` : `${summaryText(run)}\n`)
    })
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SecondLine } from '../../src/metrics/second-line.js'
import type { Workbench } from '../cli/bench.js'

/**
 * The folder of a run in which slaves were lost: `MUPDATE_BENCH_BROWSER_RUN` where it is given, such as one on a real
 * Cyrus; else the storm, shortened, on the model.
 */
export async function stormFolder(workbench: Workbench): Promise<string> {
  const given = process.env.MUPDATE_BENCH_BROWSER_RUN
  if (given !== undefined) {
    // A report of this code, not of that which made the run.
    await workbench.bench(['report', given, '--out', join(given, 'report.html')])
    return given
  }
  const sets = [
    'site.mailboxes=30000',
    // More than a hundred a second: fewer have their largest for the hundredth.
    'probes.rate=250',
    'slaves.count=12',
    'slaves.retryDelay=400ms',
    'phases.2.duration=3s',
    'phases.3.duration=10s',
  ]
  const { stderr, status } = await workbench.bench([
    ...['run', 'resync-storm', '--master', 'embedded:cyrus', '--out', workbench.out],
    ...sets.flatMap(set => ['--set', set]),
  ])
  const storms = join(workbench.out, 'resync-storm')
  const name = readdirSync(storms)[0]
  if (name === undefined) throw new Error(`no run (exit ${status}): ${stderr}`)
  return join(storms, name)
}

export function secondsOf(folder: string): SecondLine[] {
  const lines = readFileSync(join(folder, 'series.ndjson'), 'utf8').trim().split('\n')
  return lines.map(line => JSON.parse(line))
}

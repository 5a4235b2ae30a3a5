import { Command } from 'commander'
import { HarnessError, messageOf } from '../core/errors.js'
import { parsePercent } from '../core/units.js'
import type { TrendHistory, TrendResult } from '../metrics/trend-result.js'
import { trendHtml } from '../report/trend/html.js'
import { trendText } from '../report/trend/text.js'
import type { ChangePointOptions } from '../statistics/change-points.js'
import { MEASURES } from '../verdict/measures.js'
import { masterText, trendOf } from '../verdict/trend.js'
import { namesOf } from './measure-flags.js'
import { type TellingFlags, type Tellings, tell, tellingOptions } from './put.js'
import { foldersOfRuns, type StoredRun, workOf } from './stored-runs.js'
import { isGate } from './read-gate.js'
import { readRun } from './read-run.js'

interface TrendFlags extends TellingFlags {
  readonly profile?: string
  readonly measures?: string
  readonly window: string
  readonly maxP: string
  readonly minChange: string
}

const TELLINGS: Tellings<TrendResult> = { text: trendText, html: trendHtml, page: 'trend.html' }
/** One run is no history. */
const FEWEST = 2

export function trendCommand(): Command {
  const command = new Command('trend')
    .description('where the figures of run after run changed')
    .argument('[dirs...]', 'folders with runs in or below them', ['results'])
    .option('--profile <name>', 'runs of this profile alone')
    .option('--measures <names>', 'these measures alone, separated by commas')
    .option('--window <runs>', 'how many runs are looked at together', '50')
    .option('--max-p <p>', 'how unlikely by chance a change has to be', '0.001')
    .option('--min-change <percent>', 'smaller changes are not told', '3%')
  return tellingOptions(command, TELLINGS)
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench trend
  mupdate-bench trend results --profile ci --format html -o trend.html
  mupdate-bench trend results/ci --measures cpuPerDump,createRate --json

It finds what crept in, and judges nothing: the exit status is 0 whatever it finds.
To judge a change, measure both sides in turn: mupdate-bench gate.`,
    )
    .action((directories: string[], flags: TrendFlags) => {
      tell(trendOfRuns(directories, flags), TELLINGS, flags)
    })
}

function trendOfRuns(directories: readonly string[], flags: TrendFlags): TrendResult {
  const options = changeOptions(flags)
  const names = flags.measures === undefined ? undefined : namesOf(flags.measures, '--measures')
  const measures = MEASURES.filter(({ name }) => names?.includes(name) ?? true)
  const { runs, leftOut } = soundRuns(directories, flags.profile)
  const histories = historiesOf(runs).map((history): TrendHistory => {
    const [{ result }] = history
    return {
      profile: result.profile.name,
      seed: result.profile.seed,
      masterKind: result.master.kind,
      runs: history.map(run => ({ folder: run.folder, startedAt: run.result.startedAt, master: masterText(run) })),
      metrics: measures.flatMap(measure => trendOf(measure, history, options) ?? []),
    }
  })
  if (histories.length === 0)
    throw new HarnessError(
      'RESULTS',
      `no two runs of the same work in ${directories.join(', ')}`,
      'give folders with runs; those of one profile, seed and kind of master are laid side by side',
    )
  const { window, maxP, minMagnitude } = options
  return {
    schema: 'mupdate-bench/trend/1',
    method: { window, maxP, minimumChange: minMagnitude },
    histories,
    leftOut,
  }
}

/** A gate's two sides are no history, unless one of them is given; one that was killed early has no result yet. */
function isNoGate(path: string): boolean {
  return !path.endsWith('.gate') && !isGate(path)
}

/** One that cannot be read, or says nothing, is left out and named: a history is not lost for it. */
function soundRuns(directories: readonly string[], profile: string | undefined) {
  const leftOut: { folder: string; reason: string }[] = []
  const runs: StoredRun[] = []
  for (const folder of new Set(directories.flatMap(directory => foldersOfRuns(directory, isNoGate)))) {
    try {
      const result = readRun(folder)
      if (profile !== undefined && result.profile.name !== profile) continue
      const reason =
        result.state !== 'ended' ? 'not at their end' : result.verdict.result === 'invalid' ? 'invalid' : undefined
      if (reason === undefined) runs.push({ folder, result })
      else leftOut.push({ folder, reason })
    } catch (error) {
      leftOut.push({ folder, reason: messageOf(error) })
    }
  }
  return { runs, leftOut }
}

/** Runs of the same work on the same kind of master, oldest first. */
function historiesOf(runs: readonly StoredRun[]): StoredRun[][] {
  const histories = new Map<string, StoredRun[]>()
  for (const run of runs) {
    const { profile, master } = run.result
    const key = JSON.stringify([profile.name, profile.seed, master.kind, workOf(run.folder)])
    histories.set(key, [...(histories.get(key) ?? []), run])
  }
  return [...histories.values()]
    .filter(({ length }) => length >= FEWEST)
    .map(history => history.sort((a, b) => a.result.startedAt.localeCompare(b.result.startedAt)))
}

/** @throws {HarnessError} `USAGE` */
function changeOptions({ window, maxP, minChange }: TrendFlags): ChangePointOptions {
  const bad = (flag: string, text: string, hint: string) =>
    new HarnessError('USAGE', `${flag} ${text}: not possible`, hint)
  const runs = Number(window)
  if (!Number.isInteger(runs) || runs < 4) throw bad('--window', window, 'give 4 runs or more')
  const p = Number(maxP)
  if (!(p > 0 && p < 1)) throw bad('--max-p', maxP, 'give a number between 0 and 1, such as 0.001')
  const minMagnitude = parsePercent(minChange)
  if (minMagnitude === undefined) throw bad('--min-change', minChange, 'write for example 3%')
  return { window: runs, maxP: p, minMagnitude }
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { HarnessError, messageOf } from '../core/errors.js'
import type { RunResult } from '../metrics/run-result.js'
import { isDamaged, NO_ALLOWANCE } from '../verdict/damage.js'
import { DISCARDED, GATE_FILE } from './read-gate.js'
import { readRun } from './read-run.js'

/** A run that was made before. */
export interface StoredRun {
  readonly result: RunResult
  readonly folder: string
}

export function resultOf({ result }: StoredRun): RunResult {
  return result
}

/** What ran, of a master as it was described. */
export type MasterFacts = Pick<RunResult['master'], 'kind' | 'version' | 'mailboxDatabase' | 'settings' | 'binaries'>

export function masterFacts({ result: { master } }: StoredRun): MasterFacts {
  const { kind, version, mailboxDatabase, settings, binaries } = master
  return { kind, version, mailboxDatabase, settings, binaries }
}

/** The same programs, wherever they lie, with the same settings. */
export function isSameMaster(factsA: MasterFacts, factsB: MasterFacts): boolean {
  const of = ({ kind, version, mailboxDatabase, settings, binaries }: MasterFacts) =>
    JSON.stringify([kind, version, mailboxDatabase, Object.entries(settings).sort(), Object.values(binaries).sort()])
  return of(factsA) === of(factsB)
}

/**
 * A set of runs is of one master: what two builds do, taken together, neither of them does.
 *
 * @throws {HarnessError} `USAGE` naming two that differ
 */
export function requireOneMaster(runs: readonly StoredRun[], hint: string): void {
  const other = runs.find(run => !isSameMaster(masterFacts(run), masterFacts(runs[0])))
  if (other === undefined) return
  throw new HarnessError(
    'USAGE',
    `${runs[0].folder} and ${other.folder} are not of one master: its programs or settings differ`,
    hint,
  )
}

/** What of a host is in every figure. */
export function hostText({ cores, cpuModel }: { readonly cores?: unknown; readonly cpuModel?: unknown }): string {
  return `${cores} × ${cpuModel}`
}

/** Those that they were made on, each once; a simulation is the same on all. */
export function hostsOf(runs: readonly StoredRun[]): string[] {
  const measured = runs.filter(({ result }) => result.master.kind !== 'simulated')
  return [...new Set(measured.map(({ result }) => hostText(result.harness.host)))]
}

/** Results are results/<profile>/<run>, a gate's <gate>/<side>/<profile>/<run>. */
const DEEPEST = 5

/**
 * Runs in a folder, or below it, oldest first.
 *
 * @throws {HarnessError} `RESULTS` when there is none, or one that cannot be read
 */
export function runsUnder(directory: string): StoredRun[] {
  const folders = foldersOfRuns(directory)
  if (folders.length === 0)
    throw new HarnessError(
      'RESULTS',
      `no run in ${directory} or below it`,
      'give folders of runs: results/<profile>/<time>-<id>',
    )
  return folders
    .map(folder => ({ folder, result: readRun(folder) }))
    .sort((x, y) => x.result.startedAt.localeCompare(y.result.startedAt))
}

/** Exact tests of more would take minutes. */
const MOST_RUNS = 50

/** @throws {HarnessError} `USAGE` */
export function requireFew(runs: readonly StoredRun[], what: string): void {
  if (runs.length > MOST_RUNS)
    throw new HarnessError('USAGE', `${what} has ${runs.length} runs`, `give ${MOST_RUNS} at most`)
}

/**
 * Runs that say nothing make comparisons that say nothing, later, elsewhere.
 *
 * @throws {HarnessError} `USAGE` naming the first of them
 */
export function requireSound(runs: readonly StoredRun[]): void {
  const bad = runs.find(
    ({ result }) =>
      result.state !== 'ended' || (result.verdict.result === 'invalid' && !isDamaged(result, NO_ALLOWANCE)),
  )
  if (bad === undefined) return
  const what = bad.result.state === 'ended' ? 'is invalid: the harness was the limit' : 'did not come to its end'
  throw new HarnessError('USAGE', `${bad.folder} ${what}`, 'leave it out')
}

/**
 * @param mayEnter whether to look below a folder in it, by that one's path
 * @throws {HarnessError} `RESULTS` where it cannot be read; `USAGE` for a gate, whose two sides are no set of runs
 */
export function foldersOfRuns(directory: string, mayEnter = (_path: string) => true, depth = DEEPEST): string[] {
  let entries: { readonly name: string; isDirectory(): boolean }[]
  try {
    entries = readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    throw new HarnessError('RESULTS', `cannot read ${directory}: ${messageOf(error)}`, 'give folders of runs')
  }
  if (entries.some(({ name }) => name === 'run.json')) return [directory]
  if (entries.some(({ name }) => name === GATE_FILE)) throw bothSides(directory)
  if (depth === 0) return []
  return entries
    .filter(entry => entry.isDirectory() && entry.name !== DISCARDED)
    .map(({ name }) => join(directory, name))
    .filter(mayEnter)
    .flatMap(path => foldersOfRuns(path, mayEnter, depth - 1))
}

function bothSides(directory: string): HarnessError {
  return new HarnessError(
    'USAGE',
    `${directory} is a gate: runs of its two sides are no set`,
    `give one side of it: ${join(directory, 'a')} or ${join(directory, 'b')}`,
  )
}

/**
 * What a run was asked to do, for comparing it with another's: all of its profile but the master, which may be what
 * differs, and what only judges or describes. Undefined where its file is not there.
 */
export function workOf(folder: string): string | undefined {
  try {
    return workOfYaml(readFileSync(join(folder, 'profile.yaml'), 'utf8'))
  } catch {
    return undefined
  }
}

export function workOfYaml(yaml: string): string {
  const { master: _, description: __, thresholds: ___, site, ...work } = parse(yaml) as Record<string, unknown>
  // A dump is what is in it, wherever it lies.
  const { dump: ____, ...mailboxes } = (site ?? {}) as Record<string, unknown>
  return JSON.stringify({ ...work, site: mailboxes })
}

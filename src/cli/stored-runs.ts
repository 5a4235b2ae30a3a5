import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { HarnessError, messageOf } from '../core/errors.js'
import type { RunResult } from '../metrics/run-result.js'
import { isDamaged, NO_ALLOWANCE } from '../verdict/damage.js'
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

/** @throws {HarnessError} `RESULTS` where it cannot be read */
export function foldersOfRuns(directory: string, mayEnter = (_name: string) => true, depth = DEEPEST): string[] {
  let entries: { readonly name: string; isDirectory(): boolean }[]
  try {
    entries = readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    throw new HarnessError('RESULTS', `cannot read ${directory}: ${messageOf(error)}`, 'give folders of runs')
  }
  if (entries.some(({ name }) => name === 'run.json')) return [directory]
  if (depth === 0) return []
  return entries
    .filter(entry => entry.isDirectory() && mayEnter(entry.name))
    .flatMap(({ name }) => foldersOfRuns(join(directory, name), mayEnter, depth - 1))
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

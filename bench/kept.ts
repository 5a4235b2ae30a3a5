import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Broken } from '../src/masters/model/settings.js'
import type { RunResult } from '../src/metrics/run-result.js'
import { type Figures, figuresOf } from './agreement.js'
import type { Scenario } from './scenarios.js'

/** Odd, so that most of them are of one kind. */
export const REAL_RUNS = 5
export const MODEL_RUNS = 3
const BROKEN: readonly string[] = ['no-lock', 'endless-workers'] satisfies Broken[]

export interface ValidateOptions {
  readonly quick: boolean
  readonly fresh: boolean
  readonly realRuns: number
  readonly modelRuns: number
  readonly only: string | undefined
  /** On purpose: then all must not agree. */
  readonly broken: Broken | undefined
}

/** @throws with a message for whoever typed it */
export function validateOptions(args: readonly string[], names: readonly string[]): ValidateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      real: { type: 'string' },
      model: { type: 'string' },
      only: { type: 'string' },
      break: { type: 'string' },
    },
  })
  const { quick, fresh, only, break: broken } = values
  const count = (name: 'real' | 'model', otherwise: number) => {
    const text = values[name]
    if (text === undefined) return otherwise
    if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} ${text}: give a number of runs, 1 or more`)
    return Number(text)
  }
  if (only !== undefined && !names.includes(only)) throw new Error(`--only ${only}: give one of: ${names.join('; ')}`)
  if (broken !== undefined && !BROKEN.includes(broken))
    throw new Error(`--break ${broken}: give one of: ${BROKEN.join('; ')}`)
  return {
    quick,
    fresh,
    realRuns: count('real', quick ? 1 : REAL_RUNS),
    modelRuns: count('model', quick ? 1 : MODEL_RUNS),
    only,
    broken: broken as Broken | undefined,
  }
}

/** With what the files of a scenario's runs begin. */
export function keptName({ name }: Scenario): string {
  return name.replaceAll(/[ :,]+/g, '-')
}

/**
 * File of a run that was made: another one as soon as it would be another experiment.
 *
 * @param of what else decides what comes of it: the profile, whose Cyrus on which host, and a model's costs and code
 */
export function runName(scenario: Scenario, master: string, seed: number, of: readonly string[]): string {
  const { profile, sets, phase } = scenario
  const hash = createHash('sha256')
    .update(JSON.stringify([profile, sets, phase, ...of]))
    .digest('hex')
    .slice(0, 8)
  return `${keptName(scenario)}-${master}-${seed}-${hash}.json`
}

/** A run's figures, and what they are of. */
export interface KeptRun {
  readonly commit: string
  readonly madeAt: string
  readonly figures: Figures
}

export function readKept(path: string): KeptRun | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as KeptRun) : undefined
}

/** All of it or nothing: a validation may be ended at any time. */
export function keep(path: string, content: object): void {
  writeFileSync(`${path}.part`, `${JSON.stringify(content, undefined, 2)}\n`)
  renameSync(`${path}.part`, path)
}

/** @returns a digest of all files in these folders */
export function digestOf(...folders: readonly string[]): string {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    for (const name of names.sort()) hash.update(name).update(readFileSync(name))
  }
  return hash.digest('hex')
}

/** @param text what the run printed. @throws where it says nothing of the master */
export function figuresOfRun(text: string, phase: string): Figures {
  let result: RunResult
  try {
    result = JSON.parse(text) as RunResult
  } catch {
    throw new Error('it printed no run.json')
  }
  const { verdict } = result
  if (verdict.result === 'invalid') throw new Error(`it is invalid: ${verdict.reasons.join('; ')}`)
  return figuresOf(result, phase)
}

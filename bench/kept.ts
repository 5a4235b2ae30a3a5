import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Broken } from '../src/masters/model/settings.js'
import type { RunResult } from '../src/metrics/run-result.js'
import { type Figures, figuresOf } from './agreement.js'
import type { Scenario } from './scenarios.js'

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
    if (!/^\d+$/.test(text)) throw new Error(`--${name} ${text}: give a number of runs`)
    return Number(text)
  }
  if (only !== undefined && !names.includes(only)) throw new Error(`--only ${only}: give one of: ${names.join('; ')}`)
  if (broken !== undefined && !BROKEN.includes(broken))
    throw new Error(`--break ${broken}: give one of: ${BROKEN.join('; ')}`)
  return {
    quick,
    fresh,
    realRuns: count('real', quick ? 1 : 5),
    modelRuns: quick ? 1 : count('model', 2),
    only,
    broken: broken as Broken | undefined,
  }
}

/**
 * File of a run that was made: another one as soon as it would be another experiment.
 *
 * @param of what else decides what comes of it: the profile's text, and a model's costs and code
 */
export function keptName(scenario: Scenario, master: string, seed: number, of: readonly string[]): string {
  const { name, profile, sets, phase } = scenario
  const hash = createHash('sha256')
    .update(JSON.stringify([profile, sets, phase, ...of]))
    .digest('hex')
    .slice(0, 8)
  return `${name} ${master} ${seed} ${hash}.json`.replaceAll(/[ :,]+/g, '-')
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

import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunResult } from '../../src/metrics/run-result.js'
import { measuredRun } from '../verdict/measured-run.js'
import { SMALL, Workbench } from './bench.js'

let workbench: Workbench

beforeEach(() => {
  workbench = new Workbench()
})

afterEach(() => workbench.remove())

/** A run as `run` leaves it, which never was. */
function store(folder: string, run: RunResult): void {
  mkdirSync(join(workbench.directory, folder), { recursive: true })
  workbench.file(join(folder, 'run.json'), JSON.stringify(run))
  workbench.file(join(folder, 'profile.yaml'), SMALL)
}

describe('baseline save', () => {
  it.each(['results/first/.', 'results/first/inside/..'])('keeps %s by its name, and spoils nothing', async given => {
    mkdirSync(join(workbench.directory, 'results/first/inside'), { recursive: true })
    store('results/first', measuredRun())
    const { status, stdout } = await workbench.bench(['baseline', 'save', 'baselines/kept', given])
    expect(stdout).toBe('1 runs in baselines/kept\n')
    expect(status).toBe(0)
    const baselines = readdirSync(join(workbench.directory, 'baselines'), { recursive: true }).sort()
    expect(baselines).toEqual(['kept', 'kept/first', 'kept/first/profile.yaml', 'kept/first/run.json'])
  })
})

import { describe, expect, it } from 'vitest'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, figuresOfRun, keep, readKept, runName, validateOptions } from '../../bench/kept.js'

describe('options of validate', () => {
  const parse = (...args: string[]) => validateOptions(args, ['kicks', '5 slaves'])

  it('have defaults', () => {
    expect(parse()).toMatchObject({ quick: false, realRuns: 5, modelRuns: 3, only: undefined, broken: undefined })
    expect(parse('--only', '5 slaves', '--break', 'no-lock', '--real', '2')).toMatchObject({
      only: '5 slaves',
      broken: 'no-lock',
      realRuns: 2,
    })
  })

  it.each([
    [['--only', 'none'], /--only none: give one of: kicks; 5 slaves/],
    [['--only'], /only/],
    [['--break', 'all'], /--break all: give one of: no-lock/],
    [['--real', 'x'], /--real x: give a number/],
    [['--model', '1.5'], /--model 1\.5: give a number/],
    [['--real', '0'], /--real 0: give a number of runs, 1 or more/],
    [['--fast'], /fast/],
  ])('not %j', (args, says) => {
    expect(() => parse(...args)).toThrow(says)
  })
})

describe('what is kept of a run', () => {
  const scenario = { name: 'storm, 2 s', profile: 'resync-storm', sets: ['slaves.count=5'], phase: 'storm' }

  it('has another name as soon as it is another experiment', () => {
    const names = [
      runName(scenario, 'cyrus', 1, ['seed: 1']),
      runName(scenario, 'cyrus', 2, ['seed: 1']),
      runName({ ...scenario, sets: ['slaves.count=6'] }, 'cyrus', 1, ['seed: 1']),
      runName(scenario, 'cyrus', 1, ['seed: 2']),
      runName(scenario, 'model', 1, ['seed: 1', '{}', digestOf('src/masters/model')]),
      runName(scenario, 'model', 1, ['seed: 1', '{}', digestOf('src/masters/model', 'src/masters/embedded')]),
    ]
    expect(new Set(names).size).toBe(names.length)
    expect(names[0]).toMatch(/^storm-2-s-cyrus-1-[0-9a-f]{8}\.json$/)
    expect(runName({ ...scenario }, 'cyrus', 1, ['seed: 1'])).toBe(names[0])
  })

  it('is all there or not at all', () => {
    const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-kept-'))
    const path = join(folder, 'run.json')
    expect(readKept(path)).toBeUndefined()
    keep(path, { commit: 'c' })
    // As a kill in the middle of writing leaves it.
    writeFileSync(`${path}.part`, '{"commit": "d')
    expect(readKept(path)).toEqual({ commit: 'c' })
    mkdirSync(join(folder, 'other.json'))
    expect(() => keep(join(folder, 'other.json'), { commit: 'e' })).toThrow()
    expect(readFileSync(join(folder, 'other.json.part'), 'utf8')).toContain('"e"')
    rmSync(folder, { recursive: true })
  })

  it('is nothing where the harness was the limit, or there is no result', () => {
    const invalid = JSON.stringify({ verdict: { result: 'invalid', reasons: ['slow'] } })
    expect(() => figuresOfRun(invalid, 'storm')).toThrow('it is invalid: slow')
    expect(() => figuresOfRun('', 'storm')).toThrow('it printed no run.json')
  })
})

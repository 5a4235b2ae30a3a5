import { describe, expect, it } from 'vitest'
import { digestOf, figuresOfRun, keptName, validateOptions } from '../../bench/kept.js'

describe('options of validate', () => {
  const parse = (...args: string[]) => validateOptions(args, ['kicks', '5 slaves'])

  it('have defaults', () => {
    expect(parse()).toMatchObject({ quick: false, realRuns: 5, modelRuns: 2, only: undefined, broken: undefined })
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
    [['--fast'], /fast/],
  ])('not %j', (args, says) => {
    expect(() => parse(...args)).toThrow(says)
  })
})

describe('what is kept of a run', () => {
  const scenario = { name: 'storm, 2 s', profile: 'resync-storm', sets: ['slaves.count=5'], phase: 'storm' }

  it('has another name as soon as it is another experiment', () => {
    const names = [
      keptName(scenario, 'cyrus', 1, ['seed: 1']),
      keptName(scenario, 'cyrus', 2, ['seed: 1']),
      keptName({ ...scenario, sets: ['slaves.count=6'] }, 'cyrus', 1, ['seed: 1']),
      keptName(scenario, 'cyrus', 1, ['seed: 2']),
      keptName(scenario, 'model', 1, ['seed: 1', '{}', digestOf('src/masters/model')]),
      keptName(scenario, 'model', 1, ['seed: 1', '{}', digestOf('src/masters/model', 'src/masters/embedded')]),
    ]
    expect(new Set(names).size).toBe(names.length)
    expect(names[0]).toMatch(/^storm-2-s-cyrus-1-[0-9a-f]{8}\.json$/)
    expect(keptName({ ...scenario }, 'cyrus', 1, ['seed: 1'])).toBe(names[0])
  })

  it('is nothing where the harness was the limit, or there is no result', () => {
    const invalid = JSON.stringify({ verdict: { result: 'invalid', reasons: ['slow'] } })
    expect(() => figuresOfRun(invalid, 'storm')).toThrow('it is invalid: slow')
    expect(() => figuresOfRun('', 'storm')).toThrow('it printed no run.json')
  })
})

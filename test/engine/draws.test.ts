import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Operation } from '../../src/core/operation.js'
import { Draws, readDraws, replay } from '../../src/engine/draws.js'
import type { Plan, PlanPhase } from '../../src/engine/plan.js'
import type { Paced, Playing } from '../../src/generators/lanes.js'
import { endless, OperationStream } from '../../src/generators/operations.js'
import type { StepSpec } from '../../src/generators/spec.js'
import { stepOperations } from '../../src/generators/steps.js'
import { makeListedSite, makeMix, makeSite } from '../generators/sites.js'

const directory = mkdtempSync(join(tmpdir(), 'mupdate-bench-draws-'))
afterAll(() => rmSync(directory, { recursive: true }))

const STEPS: StepSpec[] = [
  {
    kind: 'move',
    to: 'be2.example.com',
    selection: { users: 30 },
    abort: 0.3,
    copying: { copyNs: 1, parallel: 3 },
  },
  { kind: 'delete', selection: { users: 20 } },
  { kind: 'undo' },
]

function planOf(site: Plan['site'], steps = STEPS) {
  const phase = (spec: StepSpec): PlanPhase => ({
    name: spec.kind,
    run: [],
    until: 'done',
    limitNs: 1e9,
    arrivals: { kind: 'constant', ratePerSecond: 1 },
    step: { spec, mailboxesPerSecond: 1 },
    events: [],
  })
  return { site, mix: makeMix({ delete: 2, rename: 2 }), seed: 7, phases: steps.map(phase) }
}

/** Steps with as many operations beside them as chance has it, broken off after so many draws of all. */
function drawn(plan: ReturnType<typeof planOf>, path: string, most: number) {
  const stream = new OperationStream(plan.site, plan.mix, plan.seed)
  const draws = new Draws(path)
  const arrivals = draws.noted('arrival', endless(stream))
  const noted = draws.answersOf(byChance())
  const playing = { ...noted }
  let left = most
  for (const [index, spec] of STEPS.entries()) {
    draws.enter(index)
    const own = stepOperations(stream, spec, { ...playing, isSettled: (...asked) => playing.isSettled(...asked) })
    const step = draws.noted('step', own)
    for (;;) {
      if (left-- === 0) {
        draws.close()
        return { stream, own, playing }
      }
      if ((left * 7919) % 5 < 2) arrivals.next()
      else if (step.next().done === true) break
    }
  }
  throw new Error('there is not so much to draw')
}

/** Answers as they come, of a master that is at times slow. */
function byChance(): Playing {
  let asked = 0
  return { ...UNLISTED, isSettled: () => (asked++ * 7919) % 7 < 3 }
}

const UNLISTED: Pick<Playing, 'listed' | 'nextStale'> = { listed: () => 'unknown', nextStale: () => undefined }
const always: Playing = { ...UNLISTED, isSettled: () => true }

function some(operations: Paced): Operation[] {
  return Array.from({ length: 5 }, () => operations.next().value ?? undefined).filter(one => one !== undefined)
}

describe('Draws', () => {
  it.each(
    Object.entries({ made: makeSite({ mailboxes: 2000 }), listed: makeListedSite() }).flatMap(([title, site]) =>
      [0, 1, 57, 200, 360, 700].map(most => ({ title, site, most })),
    ),
  )('of a $title site, broken off after $most, leave the same site, in the same step', ({ title, site, most }) => {
    const path = join(directory, `${title}-${most}`)
    const plan = planOf(site)
    const { stream, own, playing } = drawn(plan, path, most)
    const again = replay(plan, readDraws(path))
    expect([...again.stream.model.catalogue()]).toEqual([...stream.model.catalogue()])
    // What comes next is the same too: of the step first, and of what arrives.
    playing.isSettled = () => true
    const [next, same] = [some(own), some(again.begun!.goOn(always))]
    if (most < 200) expect(next.length).toBeGreaterThan(0)
    expect(same).toEqual(next)
    expect(again.stream.next()).toEqual(stream.next())
  })

  it('go on where another run was broken off', () => {
    const path = join(directory, 'twice')
    const plan = planOf(makeSite({ mailboxes: 2000 }))
    const { stream, own, playing } = drawn(plan, path, 40)
    playing.isSettled = () => true
    const draws = new Draws(path)
    const letters = draws.past.map(past => past.letters).join('')
    expect(letters.replace(/[yn]/g, '')).toHaveLength(40)
    const { begun } = replay(plan, draws.past)
    // As where frontends come anew.
    for (const phase of [99, 0]) draws.enter(phase)
    const noted = draws.noted('step', begun!.goOn(draws.answersOf(always)))
    for (let i = 0; i < 10; i++) expect(noted.next().value).toEqual(own.next().value)
    draws.close()
    expect([...replay(plan, readDraws(path)).stream.model.catalogue()]).toEqual([...stream.model.catalogue()])
  })

  it('are none where nothing was noted', () => {
    expect(readDraws(join(directory, 'nowhere'))).toEqual([])
  })

  it('of a push that was broken off leave what it had come to, and it is begun anew', () => {
    const path = join(directory, 'push')
    const site = makeListedSite()
    const servers = site.backends.map(({ server }) => server)
    const move: StepSpec = { kind: 'move', to: servers[1]!, selection: { users: 60 }, abort: 0.5 }
    const plan = planOf(site, [move, { kind: 'push', servers }])
    const stream = new OperationStream(plan.site, plan.mix, plan.seed)
    const draws = new Draws(path)
    let asked = 0
    const stale = ['user.gone', 'user.gone.too']
    const noted = draws.answersOf({
      isSettled: () => (asked++ * 7919) % 7 < 3,
      listed: () => (['same', 'different', 'absent'] as const)[(asked++ * 7919) % 3]!,
      nextStale: () => stale.pop(),
    })
    for (const [index, { step }] of plan.phases.entries()) {
      draws.enter(index)
      const own = draws.noted('step', stepOperations(stream, step!.spec, noted))
      for (let left = index === 0 ? Infinity : 3000; left > 0 && own.next().done !== true; left--) stream.next()
    }
    draws.close()
    const arrivals = readDraws(path).map(({ phase, letters }) => ({ phase, letters: letters.replaceAll('s', 'sa') }))
    // With each draw of the step one that arrived, but for the last, its end.
    const past = arrivals.map(({ phase, letters }) => ({
      phase,
      letters: letters.replace(/sa([yndu]*)/g, 's$1a').replace(/a$/, phase === 0 ? '' : 'a'),
    }))
    const again = replay(plan, past)
    expect([...again.stream.model.catalogue()]).toEqual([...stream.model.catalogue()])
    expect(again.stream.next()).toEqual(stream.next())
    const commands = [...again.begun!.goOn(always)].flatMap(operation => operation?.commands ?? [])
    expect(commands).toEqual(servers.map(server => ({ kind: 'LIST', locationPrefix: `${server}!` })))
  })
})

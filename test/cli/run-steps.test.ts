import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Workbench } from './bench.js'

const workbench = new Workbench()
afterAll(() => workbench.remove())

const STEPS = `\
site: { mailboxes: 600, backends: 3 }
slaves: { count: 3, retryDelay: 20s, start: simultaneous }
backends: { arrivals: { kind: poisson, rate: 50 }, mix: { create: 4, setacl: 2, delete: 1, rename: 1 } }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: settle, run: [slaves], until: streaming, limit: 20s }
  - name: move
    run: [slaves, backends]
    step: { move: { from: be1.example.com, to: be2.example.com, abort: 0.2 }, rate: 80 }
    until: done
    events: [{ at: 200ms, do: restart, slaves: 1 }]
  - { name: push, run: [slaves], step: { push: {}, rate: 200 }, until: done }
  - { name: newcomers, run: [slaves], step: { create: { users: 5, on: be3.example.com }, rate: 100 }, until: done }
  - { name: drain, run: [slaves], until: idle, limit: 5s }
`

const MOVE = 'move: { from: be1.example.com, to: be2.example.com, abort: 0.2 }'

function profile(name: string, text: string): string {
  const path = join(workbench.directory, name)
  writeFileSync(path, text)
  return path
}

describe('steps of a profile', () => {
  it('are done beside what arrives, each to its end, and all slaves agree in the end', async () => {
    const path = profile('steps.yaml', STEPS)
    const { status, stderr } = await workbench.run([], {}, path)
    expect(status, stderr).toBe(0)
    const { phases, slaves, total } = workbench.result('steps')
    const [, , move, push, newcomers] = phases
    expect(phases.map(({ ended }) => ended)).toEqual(phases.map(() => 'condition'))
    const { moveOut, moveIn } = move!.operations
    expect(moveOut).toMatchObject({ failed: 0, unfinished: 0 })
    expect(moveOut!.count).toBeGreaterThan(100)
    expect(moveIn!.count).toBeLessThan(moveOut!.count)
    // Each at its time: 80 mailboxes a second, two operations each, within an allowance for a busy machine's end.
    expect(move!.durationMs).toBeGreaterThan((1000 * (moveOut!.count + moveIn!.count - 1)) / 160)
    expect(move!.operations.create!.count).toBeGreaterThan(0)
    // One LIST for each server, and what was left reserved.
    expect(push!.operations.push!.count).toBe(3 + moveOut!.count - moveIn!.count)
    expect(push!.commands.LIST).toMatchObject({ count: 3, failed: 0 })
    expect(newcomers!.operations.create!.count).toBeGreaterThanOrEqual(5)
    // XFER's DEACTIVATEs go over one connection, and what ctl_mboxlist -m pushes; each of the others has its own.
    const all = Object.values(move!.operations).reduce((sum, { count }) => sum + count, 0)
    expect(move!.commands.LOGIN!.count).toBeLessThan(all - moveOut!.count / 2)
    expect(push!.commands.LOGIN).toBeUndefined()
    expect(newcomers!.commands.LOGIN!.count).toBe(newcomers!.operations.create!.count)
    expect(slaves).toMatchObject({ differenceCount: 0, openMailboxes: 0, timeouts: 0 })
    for (const [kind, { failed }] of Object.entries(total.operations)) expect(failed, kind).toBe(0)
  })

  it.each([
    {
      what: 'names an unknown backend',
      from: 'to: be2.',
      to: 'to: be9.',
      says: /the site has no backend be9\.example\.com\n/,
    },
    { what: 'has no end', from: 'until: done', to: 'duration: 3s', says: /`step` and `until: done` go together/ },
    { what: 'is of two kinds', from: 'step: {', to: 'step: { push: {},', says: /a step is one of create, move/ },
    { what: 'is misspelt', from: 'move: {', to: 'mvoe: {', says: /did you mean "move"/ },
    {
      what: 'replaces a backend by itself',
      from: MOVE,
      to: 'replace: { from: be1.example.com, to: be1.example.com }',
      says: /phases\.2\.step\.replace\.to: the same as `from`/,
    },
    {
      what: 'copies so many at a time, and nothing',
      from: 'abort: 0.2',
      to: 'parallel: 2',
      says: /step\.move\.parallel: `parallel` goes with `copy`/,
    },
    {
      what: 'renames a domain that there is not',
      from: MOVE,
      to: 'renameDomain: { from: a.org, to: b.org }',
      says: /move: no user is in domain a\.org\n {2}→ users of this site are in no domain at all\n/,
    },
    {
      what: 'names somebody who is not there',
      from: 'abort: 0.2',
      to: 'users: [u0000000, jim]',
      says: /move: there is no user jim\n/,
    },
  ])('one that $what is refused (2)', async ({ from, to, says }) => {
    const path = profile('wrong.yaml', STEPS.replace(from, to))
    const { status, stderr } = await workbench.bench(['run', path, '--out', workbench.out])
    expect(stderr).toMatch(says)
    expect(status).toBe(2)
  })

  it('are not simulated, and that is said', async () => {
    const { status, stderr } = await workbench.bench(['simulate', profile('steps.yaml', STEPS)])
    expect(stderr).toMatch(/steps are not simulated\n {2}→/)
    expect(status).toBe(2)
  })
})

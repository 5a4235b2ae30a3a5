import { describe, expect, it } from 'vitest'
import { conditionsOf, type Seen } from '../../src/engine/conditions.js'
import type { SlaveMove } from '../../src/metrics/interval.js'

const quiet: Seen = {
  moves: [],
  unserved: [],
  streamingProbes: 0,
  briefConnections: 0,
  log: [],
  restarts: [],
  losses: [],
  overflows: [],
}
const names = (seen: Partial<Seen>) => conditionsOf({ ...quiet, ...seen }).map(({ name }) => name)

/** So many slaves that stream, and one that is refused. */
function refused(streaming: number, code: SlaveMove['code']): SlaveMove[] {
  return [
    ...Array.from({ length: streaming }, (_, slave): SlaveMove => ({ slave, kind: 'ready', atNs: slave })),
    { slave: streaming, kind: 'refused', atNs: 30e9, code: code! },
  ]
}

describe('conditions', () => {
  it('are none where nothing is', () => expect(names({ moves: refused(2, 'MASTER_UNREACHABLE') })).toEqual([]))

  it('workers-exhausted names the number at which nobody is left, the harness’s own probes in it', () => {
    const [condition] = conditionsOf({ ...quiet, moves: refused(16, 'TIMEOUT'), streamingProbes: 1 })
    expect(condition).toMatchObject({ name: 'workers-exhausted', atNs: 20e9 })
    expect(condition!.detail).toContain('17 streaming connections (16 slaves and 1 of the harness’s own probes)')
    expect(condition!.remedy).toContain('17')
  })

  it('workers-exhausted blames the connections of operations where each has one', () => {
    const [condition] = conditionsOf({ ...quiet, moves: refused(3, 'TIMEOUT'), briefConnections: 200 })
    expect(condition!.detail).toContain('with 3 streaming connections (3 slaves) and up to 200 of operations under way')
    expect(condition!.remedy).toContain('connections that are kept')
  })

  it('workers-exhausted is also what the connections of operations tell, and the earlier of both counts', () => {
    const [alone] = conditionsOf({ ...quiet, unserved: [12e9], briefConnections: 200 })
    expect(alone).toMatchObject({ name: 'workers-exhausted', atNs: 2e9 })
    const [both] = conditionsOf({ ...quiet, moves: refused(3, 'TIMEOUT'), unserved: [12e9], briefConnections: 200 })
    expect(both!.atNs).toBe(2e9)
  })

  it('listen-queue-full takes the silences that it caused, and no others', () => {
    const overflows = [
      { fromNs: 2e9, toNs: 2.25e9, count: 3 },
      { fromNs: 7e9, toNs: 7.25e9, count: 1 },
    ]
    const seen = { ...quiet, overflows, briefConnections: 200 }
    const [full, ...others] = conditionsOf({ ...seen, unserved: [12.2e9, 17.6e9], moves: [] })
    expect(full).toMatchObject({ name: 'listen-queue-full', atNs: 2e9 })
    expect(full!.detail).toContain('full 4 times')
    expect(others).toEqual([])
    expect(names({ ...seen, unserved: [12.2e9, 15e9] })).toEqual(['listen-queue-full', 'workers-exhausted'])
    expect(conditionsOf({ ...seen, unserved: [12.2e9, 15e9] })[1]!.atNs).toBe(5e9)
  })

  it('workers-exhausted is none where a master that died greets nobody', () => {
    const unserved = [18e9, 40e9]
    expect(names({ unserved, restarts: [5e9] })).toEqual(['master-restarted'])
    const listed: SlaveMove = { slave: 0, kind: 'listed', atNs: 20e9 }
    const [, exhausted] = conditionsOf({ ...quiet, unserved, restarts: [5e9], moves: [listed] })
    expect(exhausted).toMatchObject({ name: 'workers-exhausted', atNs: 30e9 })
  })

  it('says with how many it still went well', () => {
    const join = (from: number, to: number, atNs: number) =>
      Array.from({ length: to - from }, (_, i) => [
        { slave: from + i, kind: 'dump', atNs } as const,
        { slave: from + i, kind: 'ready', atNs: atNs + 1 } as const,
      ]).flat()
    const silent: SlaveMove = { slave: 15, kind: 'refused', atNs: 28e9, code: 'TIMEOUT' }
    const [condition] = conditionsOf({ ...quiet, moves: [...join(0, 10, 0), ...join(10, 15, 6e9), silent] })
    expect(condition!.detail).toContain('with 15 streaming connections')
    expect(condition!.detail).toContain('up to 10 went well')
  })

  it('counts only those that stream at that moment', () => {
    const lost: SlaveMove[] = [...refused(5, 'TIMEOUT'), { slave: 0, kind: 'timed-out', atNs: 500 }]
    const [condition] = conditionsOf({ ...quiet, moves: lost.sort((a, b) => a.atNs - b.atNs) })
    expect(condition!.detail).toContain('with 4 streaming connections')
  })

  it.each([
    { name: 'connections-exhausted', seen: { moves: refused(2, 'MASTER_BYE') } },
    {
      name: 'connections-exhausted',
      seen: { log: [{ atNs: 1, line: 'mupdate[7]: Server too busy, dropping connection.' }] },
    },
    {
      name: 'descriptors-exhausted',
      seen: {
        log: [{ atNs: 1, line: 'mupdate[7]: Internal error: assertion failed: lib/signals.c: 311: nfds < FD_SETSIZE' }],
      },
    },
    { name: 'master-restarted', seen: { restarts: [5] } },
  ])('$name is told from its sign', ({ name, seen }) => expect(names(seen)).toEqual([name]))

  describe('master-restarted', () => {
    const detailOf = (...losses: Seen['losses']) => conditionsOf({ ...quiet, restarts: [5e9, 9e9], losses })[0]!.detail

    it('names the commands that were unanswered when it went', () => {
      const detail = detailOf({ atNs: 4.2e9, suspects: ['DELETE user.x (backend 2)'] })
      expect(detail).toContain(
        'unanswered when it went: DELETE user.x (backend 2): a DELETE of a name that it does not have kills mupdate 2.5.8',
      )
      expect(detail).not.toContain('a DEACTIVATE')
    })

    it('names those of each restart, and of a thread that saw the loss late', () => {
      const detail = detailOf(
        { atNs: 5.3e9, suspects: ['DEACTIVATE user.a (backend 0)'] },
        { atNs: 8.9e9, suspects: ['DELETE user.b (backend 1)'] },
      )
      expect(detail).toMatch(/DEACTIVATE user\.a \(backend 0\), DELETE user\.b \(backend 1\): a DELETE.*; a DEACTIVATE/)
    })

    it('suspects nothing that was lost at another time, and does not list thousands', () => {
      expect(detailOf({ atNs: 3.9e9, suspects: ['DELETE user.x (backend 2)'] })).not.toContain('unanswered')
      const suspects = Array.from({ length: 2000 }, (_, i) => `DELETE user.u${i} (backend 0)`)
      expect(detailOf({ atNs: 5e9, suspects })).toContain('DELETE user.u4 (backend 0) and 1,995 more: a DELETE')
    })
  })

  it('catalogue-collapsed, where a slave is given much less than it had', () => {
    const listed = (records: number, atNs: number): SlaveMove => ({ slave: 3, kind: 'listed', atNs, records })
    expect(names({ moves: [listed(1000, 1), listed(501, 2)] })).toEqual([])
    expect(names({ moves: [listed(1000, 1), listed(499, 2)] })).toEqual(['catalogue-collapsed'])
    expect(names({ moves: [listed(99, 1), listed(0, 2)] })).toEqual([])
  })

  it('come by time', () => {
    expect(names({ restarts: [5], log: [{ atNs: 1, line: 'nfds < FD_SETSIZE' }] })).toEqual([
      'descriptors-exhausted',
      'master-restarted',
    ])
  })
})

import { describe, expect, it } from 'vitest'
import { EventLog, type LogEntry } from '../../src/live/event-log.js'

function all(log: EventLog): LogEntry[] {
  const entries: LogEntry[] = []
  for (let next = log.after(0); next !== undefined; next = log.after(next.id)) entries.push(next)
  return entries
}

describe('the log of what watchers are told', () => {
  it('gives what came after any id, whether or not there is one of that number', () => {
    const log = new EventLog()
    log.begin('f27d58')
    log.append('hello', { a: 1 })
    log.append('event', 'two\nlines')
    expect(log.after(0)!.frame.toString()).toBe('id: f27d58-1\nevent: hello\ndata: {"a":1}\n\n')
    expect(log.after(1)!.frame.toString()).toBe('id: f27d58-2\nevent: event\ndata: "two\\nlines"\n\n')
    expect(log.after(2)).toBeUndefined()
    expect(log.after(99)).toBeUndefined()
    expect(log.after(-1)!.id).toBe(1)
  })

  it('keeps its size, what began and the worst seconds, however long a run takes', () => {
    const log = new EventLog(20_000)
    log.append('hello', {})
    log.append('phase', { name: 'steady' })
    for (let second = 0; second < 5000; second++) {
      log.append('second', { second, filling: 'x'.repeat(50) }, second === 17 ? 1e6 : second % 7)
      log.append('event', { second })
    }
    log.append('end', {})
    const entries = all(log)
    expect(entries.reduce((sum, { frame }) => sum + frame.length, 0)).toBeLessThanOrEqual(20_000)
    expect(entries.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['hello', 'phase', 'end']))
    expect(entries.some(({ worth }) => worth === 1e6)).toBe(true)
    const ids = entries.map(({ id }) => id)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
    // The last minute is whole.
    const last = entries.filter(({ kind }) => kind === 'second').slice(-60)
    expect(last.map(({ id }) => id)).toEqual(last.map((_, i) => last[0]!.id + 2 * i))
  })

  it('knows an id of its own run', () => {
    const log = new EventLog()
    log.begin('20261127-f27d58')
    expect(log.numberOf('20261127-f27d58-17')).toBe(17)
    for (const other of [undefined, '', '17', '20261127-000000-17', '20261127-f27d58', '20261127-f27d58--1'])
      expect(log.numberOf(other), other).toBe(0)
  })

  it('keeps what the master did and where each slave was left, of all that happened', () => {
    const log = new EventLog(20_000)
    log.append('event', { kind: 'master-died' }, Infinity)
    log.append('moves', [
      { atMs: 1, slave: 7, kind: 'dump' },
      { atMs: 2, slave: 7, kind: 'ready' },
    ])
    for (let i = 0; i < 3000; i++) {
      log.append('event', { kind: 'slave-timed-out', filling: 'x'.repeat(50) })
      log.append('moves', [{ atMs: 3 + i, slave: i % 5, kind: i % 2 === 0 ? 'timed-out' : 'dump' }])
    }
    const entries = all(log)
    expect(entries.reduce((sum, { frame }) => sum + frame.length, 0)).toBeLessThanOrEqual(20_000)
    expect(entries[0]!.frame.toString()).toContain('master-died')
    const told = entries.flatMap(({ kind, frame }) =>
      kind === 'moves' ? JSON.parse(frame.toString().split('\ndata: ')[1]!) : [],
    )
    expect(told).toContainEqual({ atMs: 2, slave: 7, kind: 'ready' })
    expect(new Set(told.map(({ slave }) => slave))).toEqual(new Set([0, 1, 2, 3, 4, 7]))
    expect(told).toContainEqual({ atMs: 3002, slave: 4, kind: 'dump' })
    const ids = entries.map(({ id }) => id)
    expect(ids).toEqual([...ids].sort((a, b) => a - b))
  })
})

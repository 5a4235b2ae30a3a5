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
    log.append('hello', { a: 1 })
    log.append('event', 'two\nlines')
    expect(log.after(0)!.frame.toString()).toBe('id: 1\nevent: hello\ndata: {"a":1}\n\n')
    expect(log.after(1)!.frame.toString()).toBe('id: 2\nevent: event\ndata: "two\\nlines"\n\n')
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
})

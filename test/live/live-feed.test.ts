import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EventLog, type LogEntry } from '../../src/live/event-log.js'
import { LiveFeed } from '../../src/live/live-feed.js'
import { LiveMetrics } from '../../src/live/live-metrics.js'
import type { SlaveMove } from '../../src/metrics/interval.js'
import { runResultSchema } from '../../src/metrics/run-result.js'
import { idleSecond, probedSecond } from './live-second.js'

const RESULT = runResultSchema.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, '../metrics/older-run.json'), 'utf8')),
)

function feedOf(slaveCount: number) {
  const log = new EventLog()
  const feed = new LiveFeed(log, new LiveMetrics(), () => {})
  feed.begin({
    id: 'f27d58',
    profile: { name: 'smoke', seed: 1 },
    startedAt: '2026-11-27T19:56:51.626Z',
    master: { kind: 'cyrus', version: '3.6' },
    slaveCount,
    phases: [],
  })
  return { log, feed }
}

function told(log: EventLog, kind: LogEntry['kind']): Record<string, unknown>[] {
  const all: Record<string, unknown>[] = []
  for (let next = log.after(0); next !== undefined; next = log.after(next.id))
    if (next.kind === kind) all.push(JSON.parse(next.frame.toString().split('\ndata: ')[1]!))
  return all
}

function moving(
  count: number,
  kind: SlaveMove['kind'],
): [SlaveMove[], { atMs: number; slave: number; kind: string }[]] {
  const slaves = Array.from({ length: count }, (_, slave) => slave)
  return [slaves.map(slave => ({ atNs: 1e6, slave, kind })), slaves.map(slave => ({ atMs: 1, slave, kind }))]
}

describe('what watchers are told of a second', () => {
  it('has what the master did, however much slaves meet and the master logs', () => {
    const { log, feed } = feedOf(4)
    for (let i = 0; i < 100; i++) feed.event({ atMs: i, kind: 'master-syslog', detail: `line ${i}` })
    for (let i = 0; i < 100; i++) feed.event({ atMs: i, kind: 'slave-timed-out', detail: `slave ${i}` })
    const kept = ['phase', 'timeline', 'master-died']
    for (const kind of kept) feed.event({ atMs: 200, kind, detail: kind })
    feed.second(idleSecond(1000), RESULT)
    const events = told(log, 'event')
    expect(events.filter(({ kind }) => kind === 'slave-timed-out')).toHaveLength(30)
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(kept))
    expect(events.some(({ kind }) => kind === 'master-syslog')).toBe(false)
    expect(events.at(-1)).toMatchObject({ kind: 'more', detail: '70 more: see events.ndjson' })
  })

  it('has slaves one by one, but for a crowd, which has numbers', () => {
    const few = feedOf(0)
    few.feed.moves(...moving(200, 'ready'))
    expect(told(few.log, 'moves')).toHaveLength(1)
    // More have joined than the plan began with, and leave again: who was not told of could not be followed.
    few.feed.moves(...moving(201, 'ready'))
    few.feed.moves(...moving(150, 'left'))
    expect(told(few.log, 'moves')).toHaveLength(1)
    few.feed.second(idleSecond(1000), RESULT)
    expect(told(few.log, 'second')).toMatchObject([{ standings: { streaming: 51 } }])
  })

  it('is worth the more the worse NOOPs were, and most where none was answered', () => {
    const { log, feed } = feedOf(4)
    for (const second of [
      idleSecond(1000, 'preload'),
      probedSecond(2000, 200),
      probedSecond(3000, 9e5),
      idleSecond(4000),
    ])
      feed.second(second, RESULT)
    const worths: number[] = []
    for (let next = log.after(0); next !== undefined; next = log.after(next.id))
      if (next.kind === 'second') worths.push(next.worth)
    expect(worths).toEqual([0, 200, 9e5, Infinity])
  })
})

import { describe, expect, it } from 'vitest'
import { NO_RUN_YET, RunModel } from '../../src/report/page/run-model.js'
import { idleSecond } from '../live/live-second.js'

function secondWith(atMs: number, streaming: number, timedOut = 0) {
  return {
    ...idleSecond(atMs),
    standings: { streaming, dumping: 0, merging: 0, connecting: 0, 'timed out': timedOut },
  }
}

describe('what a page knows of a run that goes on', () => {
  it('counts slaves by state where nobody tells of each, and goes on with that', () => {
    const model = new RunModel(NO_RUN_YET)
    model.addSecond(secondWith(1000, 150))
    expect(model.hasTooManyRows).toBe(false)
    model.addSecond(secondWith(2000, 150, 100))
    model.addSecond(secondWith(3000, 10))
    expect(model.hasTooManyRows).toBe(true)
    expect(model.table.columns['state.streaming']).toEqual([150, 150, 10])
    expect(model.table.columns['state.timed out']).toEqual([0, 100, 0])
  })

  it('has a row of each slave, which ends where its last move put it', () => {
    const model = new RunModel(NO_RUN_YET)
    model.addSlaveMove({ atMs: 500, slave: 1, kind: 'dump' })
    model.addSlaveMove({ atMs: 400, slave: 0, kind: 'ready' })
    model.addSlaveMove({ atMs: 900, slave: 1, kind: 'ready' })
    // Sent again to somebody who was away for long.
    model.addSlaveMove({ atMs: 500, slave: 1, kind: 'dump' })
    expect(model.slaves).toMatchObject({
      count: 2,
      rows: [
        { slave: 0, stepsMs: [400], states: 's' },
        { slave: 1, stepsMs: [500, 400], states: 'ds' },
      ],
    })
    const before = model.slaves
    expect(model.slaves).toBe(before)
    model.addSlaveMove({ atMs: 950, slave: 1, kind: 'timed-out' })
    expect(model.slaves.rows[1]!.states).toBe('dst')
  })

  it('has each phase once, up to where the run is', () => {
    const model = new RunModel(NO_RUN_YET)
    const phase = { count: 2, lengthMs: 5000 }
    model.addPhase({ ...phase, name: 'preload', number: 1, startMs: 0, isLimit: true })
    model.addEvent({ atMs: 0, kind: 'phase', detail: 'preload' })
    model.addPhase({ ...phase, name: 'steady', number: 2, startMs: 1500, isLimit: false })
    model.addEvent({ atMs: 1500, kind: 'phase', detail: 'steady' })
    model.addEvent({ atMs: 1600, kind: 'timeline', detail: 'the master is restarted' })
    model.addSecond(secondWith(2000, 1))
    expect(model.backdrop.phases).toEqual([
      { name: 'preload', fromS: 0, toS: 1.5, timed: false },
      { name: 'steady', fromS: 1.5, toS: 2, timed: true },
    ])
    expect(model.backdrop.events).toEqual([{ atS: 1.6, kind: 'timeline', detail: 'the master is restarted' }])
  })
})

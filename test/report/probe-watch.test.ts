import { describe, expect, it } from 'vitest'
import { ProbeWatch } from '../../src/report/page/probe-watch.js'
import { idleSecond, probedSecond, timeOf } from '../live/live-second.js'

describe('a second without an answered NOOP', () => {
  it('is nothing where none was sent', () => {
    const watch = new ProbeWatch()
    expect(watch.see(idleSecond(1000, 'preload'))).toBeUndefined()
    expect(watch.see(probedSecond(2000, 200))).toMatchObject({ p99: 200 })
    expect(watch.see(idleSecond(3000, 'drain'))).toBeUndefined()
  })

  it('is one where they are sent, or have been in this phase', () => {
    const harness = { cpuCores: 0, stealShare: null, eventLoopDelayUs: null, scheduleSlipUs: null }
    const watch = new ProbeWatch()
    expect(watch.see({ ...idleSecond(1000), harness: { ...harness, probeSlipUs: timeOf(5) } })).toBe('none answered')
    // Nor is any sent while the connection is down.
    expect(watch.see({ ...idleSecond(2000), harness: { ...harness, probeSlipUs: null } })).toBe('none answered')
    expect(watch.see(idleSecond(3000))).toBe('none answered')
  })
})

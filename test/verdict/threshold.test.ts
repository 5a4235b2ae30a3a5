import { describe, expect, it } from 'vitest'
import { parseThreshold } from '../../src/verdict/threshold.js'

describe('parseThreshold', () => {
  it.each([
    { text: 'slaves.timeouts == 0', phase: undefined, path: 'slaves.timeouts', comparison: '==', value: 0 },
    { text: 'NOOP.slave.responseTimeUs.p99 < 2s', path: 'NOOP.slave.responseTimeUs.p99', comparison: '<', value: 2e6 },
    { text: 'steady: create.failed <= 3', phase: 'steady', path: 'create.failed', comparison: '<=', value: 3 },
    {
      text: ' steady-2 :  create.ratePerSecond>=10.5 ',
      phase: 'steady-2',
      path: 'create.ratePerSecond',
      comparison: '>=',
      value: 10.5,
    },
    { text: 'durationMs < 1m', path: 'durationMs', comparison: '<', value: 60e3 },
    { text: 'UPDATE.serviceTimeUs.max > 1.5ms', path: 'UPDATE.serviceTimeUs.max', comparison: '>', value: 1500 },
    { text: 'NOOP.plain.responseTimeUs.p50 < 250', path: 'NOOP.plain.responseTimeUs.p50', comparison: '<', value: 250 },
  ])('reads "$text"', ({ text, phase, path, comparison, value }) => {
    expect(parseThreshold(text)).toEqual({ text, phase, path, comparison, value })
  })

  it.each([
    '',
    'NOOP.plain.responseTimeUs.p99',
    'NOOP.plain.responseTimeUs.p99 2s',
    '< 2s',
    'a.b =< 2',
    'a.b != 2',
    'a.b < 2 s',
    'a.b < -1',
    'a.b < 2parsecs',
    'slaves.timeouts < 2s',
    'a: b: c < 1',
    'create.responseTimeUs.p98 < 1h',
  ])('refuses "%s"', text => {
    expect(() => parseThreshold(text)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})

import { describe, expect, it } from 'vitest'
import {
  parseCpuLimitCores,
  parseHostCpu,
  parseMostOpenFiles,
  parseParent,
  parsePressureNs,
  parseProcessIo,
  parseProcessStat,
  parseRssBytes,
  parseSchedstat,
} from '../../src/samplers/proc.js'

const STAT_TAIL =
  'S 3701 3701 3701 0 -1 4194560 9 0 1 0 412 38 7 2 20 0 6 0 40123 81920000 5120 18446744073709551615 1 1 0 0 0 0 0 4096 0'

describe('parseProcessStat', () => {
  it.each([
    ['a plain name', `3705 (mupdate) ${STAT_TAIL}`],
    ['a name with spaces and parentheses', `3705 (a) R 1 (b) ${STAT_TAIL}`],
  ])('reads %s', (_, text) => {
    expect(parseProcessStat(text)).toEqual({ cpuNs: 4_500_000_000, threadCount: 6, startTicks: 40_123 })
  })

  it('counts neither the times of children nor a cut line', () => {
    expect(parseProcessStat('3705 (mupdate) S 1 2')).toBeUndefined()
    expect(parseProcessStat('')).toBeUndefined()
  })
})

describe('parseSchedstat', () => {
  it('reads run and wait', () => {
    expect(parseSchedstat('300100 42 2\n')).toEqual({ runNs: 300_100, waitNs: 42 })
  })
  it('refuses anything else', () => {
    expect(parseSchedstat('')).toBeUndefined()
    expect(parseSchedstat('x 1 2')).toBeUndefined()
  })
})

describe('parseRssBytes', () => {
  it('reads kB', () => expect(parseRssBytes('VmHWM:\t  9000 kB\nVmRSS:\t    1744 kB\n')).toBe(1_785_856))
  it('has none for a zombie', () => expect(parseRssBytes('Name:\tmupdate\nState:\tZ (zombie)\n')).toBeUndefined())
})

describe('parseProcessIo', () => {
  const text = 'rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n'
  it('takes storage, not what the page cache answered', () => {
    expect(parseProcessIo(text)).toEqual({ readBytes: 5, writeBytes: 6, syscw: 4 })
  })
  it('refuses a part', () => expect(parseProcessIo('rchar: 1\n')).toBeUndefined())
})

describe('parseHostCpu', () => {
  const text =
    'cpu  100 10 50 1000 20 3 7 30 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 1 2\nprocs_running 3\nprocs_blocked 0\n'
  it('counts guests once and waiting for disks as idle', () => {
    expect(parseHostCpu(text)).toEqual({ busyNs: 1.7e9, stealNs: 0.3e9, idleNs: 10.2e9, runnable: 3 })
  })
  it('refuses a part', () => expect(parseHostCpu('cpu  1 2 3\n')).toBeUndefined())
})

describe('parsePressureNs', () => {
  const text = 'some avg10=0.00 avg60=0.02 avg300=0.47 total=17583097\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n'
  it('reads the total of some, in ns', () => expect(parsePressureNs(text)).toBe(17_583_097_000))
  it('has none without the file', () => expect(parsePressureNs('')).toBeUndefined())
})

describe('parseCpuLimitCores', () => {
  it.each([
    ['150000 100000\n', 1.5],
    ['max 100000\n', undefined],
    ['', undefined],
  ])('%j', (text, cores) => expect(parseCpuLimitCores(text)).toBe(cores))
})

describe('parseMostOpenFiles', () => {
  const limits = (soft: string) =>
    `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}  4096  files\n`
  it.each([
    [limits('256'), 256],
    [limits('unlimited'), Infinity],
    ['', undefined],
  ])('%j', (text, most) => expect(parseMostOpenFiles(text)).toBe(most))
})

it('parseParent', () => expect(parseParent('Name:\tmupdate\nPid:\t7\nPPid:\t5\n')).toBe(5))

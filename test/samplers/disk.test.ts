import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DiskFlushCounter } from '../../src/samplers/disk.js'
import { parseDiskFlushes } from '../../src/samplers/proc.js'

const TMPFS_MAGIC = 0x01021994

describe('parseDiskFlushes', () => {
  const text = [
    ' 254       0 vda 70124 11067 3615122 50789 13546 23375 1755936 8342 0 6792 59992 9776 28 212944 833 826 26',
    ' 254       1 vda1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0 0',
    '   8       0 sda 1 2 3 4 5 6 7 8 9 10 11',
  ].join('\n')
  it('is the figure of that disk', () => expect(parseDiskFlushes(text, 'vda')).toBe(826))
  it('is 0 where none was asked for', () => expect(parseDiskFlushes(text, 'vda1')).toBe(0))
  it('is absent where the kernel does not count, or there is no such disk', () => {
    expect(parseDiskFlushes(text, 'sda')).toBeUndefined()
    expect(parseDiskFlushes(text, 'vd')).toBeUndefined()
  })
})

describe('DiskFlushCounter', () => {
  it('has nothing to count in memory, or where nothing is', () => {
    expect(new DiskFlushCounter('/nowhere').count()).toBeUndefined()
    expect(new DiskFlushCounter('/proc').count()).toBeUndefined()
  })

  it('counts syncs of a disk that counts them', ({ skip }) => {
    const directory = mkdtempSync(join(tmpdir(), 'mupdate-bench-disk-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const counter = new DiskFlushCounter(directory)
    if (statfsSync(directory).type === TMPFS_MAGIC || counter.count() === undefined) skip()
    const file = openSync(join(directory, 'file'), 'w')
    for (let i = 0; i < 5; i++) {
      writeSync(file, 'x')
      fdatasyncSync(file)
    }
    closeSync(file)
    // A disk without a cache of its own needs no flushes, and says 0.
    expect([0, undefined].includes(counter.count()) || counter.count()! >= 5).toBe(true)
  })
})

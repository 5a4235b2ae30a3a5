import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gatheringPace, slowPace } from '../../src/slaves/reading-pace.js'

class Connection {
  heardNs = 0
  pauses = 0
  paused = 0
  pause(): void {
    this.pauses++
    this.paused++
  }
  resume(): void {
    this.paused--
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Chunks of so many bytes, one each so many ns. @returns which of them were followed by a pause */
function read(connection: Connection, chunks: number, bytes: number, everyNs: number): boolean[] {
  const pace = gatheringPace(connection)
  return Array.from({ length: chunks }, () => {
    const before = connection.pauses
    pace(bytes)
    connection.heardNs += everyNs
    vi.advanceTimersByTime(1)
    expect(connection.paused).toBe(0)
    return connection.pauses > before
  })
}

describe('a list that gathers', () => {
  it('is read at once as long as it is short, and in larger pieces then', () => {
    // 4 kB in 200 µs: 20 MB/s.
    const paused = read(new Connection(), 1000, 4096, 200_000)
    expect(paused.indexOf(true)).toBe(511)
    expect(paused.slice(511).every(Boolean)).toBe(true)
  })

  it('is read at once where it comes so fast that a pause would hold its sender up', () => {
    expect(read(new Connection(), 1000, 65_536, 1_000_000)).not.toContain(true)
  })
})

it('a slow reader pauses for as long as what it read should have taken', () => {
  const connection = new Connection()
  slowPace(connection, 1000)(500)
  vi.advanceTimersByTime(499)
  expect(connection.paused).toBe(1)
  vi.advanceTimersByTime(1)
  expect(connection.paused).toBe(0)
})

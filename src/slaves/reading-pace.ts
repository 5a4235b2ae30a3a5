/** What is read from. */
export interface Readable {
  /** When the bytes arrived that are being handled. */
  readonly heardNs: number
  pause(): void
  resume(): void
}

/** Called after each chunk of bytes. */
export type Pace = (byteCount: number) => void

/** Reads no faster than it is meant to: after each chunk a pause as long as the chunk should have taken. */
export function slowPace(client: Readable, bytesPerSecond: number): Pace {
  return byteCount => pauseFor(client, (byteCount / bytesPerSecond) * 1e3)
}

/** From here on a pause's millisecond, by which a list's end may be seen late, is no hundredth of its time. */
const GATHER_AFTER_BYTES = 2 * 1024 * 1024
/** Below this rate all that a master sends in a pause has room in the socket's buffer (tcp_rmem), and delays nobody. */
const GATHER_BELOW_BYTES_PER_SECOND = 40e6
const GATHER_MS = 1

/**
 * Lets a long list gather before it is read. Cyrus writes 4 kB at a time (lib/prot.c), and to be woken for each costs more
 * than to read it.
 */
export function gatheringPace(client: Readable): Pace {
  let bytes = 0
  let fromNs = 0
  return byteCount => {
    if (bytes === 0) fromNs = client.heardNs
    bytes += byteCount
    if (bytes < GATHER_AFTER_BYTES) return
    if (bytes * 1e9 < GATHER_BELOW_BYTES_PER_SECOND * (client.heardNs - fromNs)) pauseFor(client, GATHER_MS)
  }
}

function pauseFor(client: Readable, ms: number): void {
  client.pause()
  setTimeout(() => client.resume(), ms)
}

/** The other end, however it is reached. */
export interface Peer {
  write(bytes: string | Uint8Array): void
  /** Bytes written that it has not taken yet. */
  readonly backlogBytes: number
  /** Calls back when all that was written has been taken, or never will be: at once when nothing waits. */
  whenTaken(done: () => void): void
  pause(): void
  resume(): void
  /** Sends what has been written, then closes. */
  end(): void
  destroy(): void
}

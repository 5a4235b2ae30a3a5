/** A way for bytes to the other end, and what waits on it. */
export interface Wire {
  write(bytes: string | Uint8Array): void
  /** Bytes written that it has not taken yet: at 0, what was written may be used again. */
  readonly backlogBytes: number
  /** Calls back when all that was written has been taken, or never will be: at once when nothing waits. */
  whenTaken(done: () => void): void
  pause(): void
  resume(): void
  /** Sends what has been written, then closes. */
  end(): void
  destroy(): void
}

/** The other end, however it is reached. */
export interface Peer extends Wire {
  /** Whether it is reached through TLS. */
  readonly secured: boolean
  /** Whether what goes and comes is compressed. */
  readonly compressed: boolean
  /** Who it is by a certificate that was verified. */
  readonly shown: string | undefined
  /** It will send no more, and all that it has sent has been told. It may still read. */
  readonly saidAll: boolean
  /** What is written and what comes is TLS from now on; {@link PeerListener.secured} is called when it stands. */
  startTls(): void
  /**
   * What is written and what comes is compressed from now on (RFC 1951).
   *
   * @param early what has come already
   */
  compress(early: Uint8Array): void
}

/** What a peer does. */
export interface PeerListener {
  received(chunk: Uint8Array): void
  /** What waited has been taken. */
  drained(): void
  secured(): void
  /** From now on it is one that has {@link Peer.saidAll}. */
  ended(): void
  /** Once. */
  closed(): void
  /** It is closed for what it sent. */
  broken(reason: string): void
}

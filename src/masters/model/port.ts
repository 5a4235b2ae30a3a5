/** What a client has sent, as far as its cost goes. */
export type ModelCommand =
  | { readonly kind: 'login'; readonly ok: boolean }
  | { readonly kind: 'noop' }
  | { readonly kind: 'find' }
  | { readonly kind: 'set'; readonly what: 'reserve' | 'activate' | 'remove' }
  /** UPDATE when it begins a stream. */
  | { readonly kind: 'list'; readonly streams: boolean }
  | { readonly kind: 'logout' }
  /** Refused at once: bad syntax, not allowed. */
  | { readonly kind: 'refused' }
  /** The client is gone, and all it had sent has been read. */
  | { readonly kind: 'gone' }

/** The client's end of a connection: a socket in real time, a simulated client in virtual time. */
export interface Port {
  /** Takes the next whole command that has arrived. @returns undefined when there is none */
  next(): ModelCommand | undefined
  /** Writes the banner. */
  banner(): void
  /**
   * Carries out what was taken last: its effect, and its answer into the buffer. Called with the lock where it takes one.
   *
   * @returns whether it has changed a mailbox
   */
  execute(command: ModelCommand): boolean
  /** Mailboxes that a list walks through. */
  readonly mailboxes: number
  /** Share of all changes that it is told of: 1 unless PARTIAL-UPDATE. */
  readonly share: number
  /** Puts pending updates into the buffer: of the changes from one up to, not including, another. */
  sendUpdates(from: number, to: number): void
  /** The lock is there, and will be held so long: the list begins to come. */
  listLasts(holdNs: number): void
  /**
   * Sends what is in the buffer.
   *
   * @param done when it has been taken
   * @param keptBackNs so much later its end arrives: nothing else waits for that
   */
  flush(done: () => void, keptBackNs?: number): void
  /** Puts `* BYE "idle for too long"` into the buffer. */
  bye(): void
  /** Nothing more will be sent. */
  close(): void
}

export const STATES = ['banner', 'before login', 'idle', 'mid-dump', 'streaming', 'mid-literal'] as const
export type State = (typeof STATES)[number]

/** What came of the frames thrown at one side in one state. */
export class Tally {
  /** Those that were dealt with: what came after the one that a connection was closed for does not count. */
  frames = 0
  /** Of those, fed to decoders without a socket. */
  fed = 0
  connections = 0
  answers = 0
  /** How connections ended; what was all answered is ended by who threw. */
  readonly closes = new Map<string, number>()

  /** By a decoder without a socket. */
  refused(reason: string): void {
    this.closes.set(`${reason} fed`, (this.closes.get(`${reason} fed`) ?? 0) + 1)
  }

  closed(reason: string): void {
    this.connections++
    this.closes.set(reason, (this.closes.get(reason) ?? 0) + 1)
  }
}

/** Something that must not be. */
export class Violation extends Error {
  /**
   * @param frames those on the connection, the last of them, or the one before, being the offender
   */
  constructor(
    what: string,
    readonly side: string,
    readonly state: State,
    /** Number of the connection in its state: with the seed, it says what was thrown. */
    readonly connection: number,
    readonly frames: readonly Buffer[],
  ) {
    super(what)
  }
}

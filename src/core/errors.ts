/**
 * Every failure a user can meet has a code (matched on by callers), a sentence that says what was wrong and where,
 * and a hint that says what to do. Nothing else is thrown on purpose.
 */
export type ErrorCode =
  | 'USAGE'
  | 'PROFILE_INVALID'
  | 'MASTER_UNREACHABLE'
  | 'MASTER_NOT_MUPDATE'
  | 'MASTER_BYE'
  | 'MASTER_LOST'
  | 'MASTER_REFUSED'
  | 'MASTER_SETUP'
  /** It was started, and died or was no use. */
  | 'MASTER_DIED'
  | 'AUTH_FAILED'
  | 'AUTH_UNAVAILABLE'
  /** Asked for, and not offered, or refused. */
  | 'TLS_UNAVAILABLE'
  /** The handshake came to nothing, or the certificate is not to be believed. */
  | 'TLS_FAILED'
  | 'COMPRESS_UNAVAILABLE'
  | 'TIMEOUT'
  | 'WIRE_LIMIT'
  | 'WIRE_SYNTAX'
  | 'WIRE_UNEXPECTED'
  | 'RESULTS'
  | 'NO_BASELINE'
  /** NATS, or agents that are reached by it. */
  | 'AGENTS'
  /** What threads on several machines tell each other did not all come. */
  | 'NEWS_LOST'
  | 'INTERRUPTED'
  | 'INTERNAL'

export class HarnessError extends Error {
  override readonly name = 'HarnessError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

export function isHarnessError(error: unknown, code?: ErrorCode): error is HarnessError {
  return error instanceof HarnessError && (code === undefined || error.code === code)
}

/** The text of anything thrown, for places that only report. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The master said no, or nobody was there to ask: the outcome is known. Everything else leaves it open. */
export function isRefusal(error: unknown): boolean {
  return error instanceof HarnessError && REFUSALS.includes(error.code)
}

const REFUSALS: readonly ErrorCode[] = [
  'MASTER_BYE',
  'AUTH_FAILED',
  'AUTH_UNAVAILABLE',
  'TLS_UNAVAILABLE',
  'TLS_FAILED',
  'COMPRESS_UNAVAILABLE',
  'MASTER_UNREACHABLE',
]

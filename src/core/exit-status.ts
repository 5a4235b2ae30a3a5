import { type ErrorCode, isHarnessError } from './errors.js'

/** Exit statuses of every command; `docs/results.md` repeats this table. */
export const EXIT = {
  pass: 0,
  internal: 1,
  usage: 2,
  master: 3,
  threshold: 4,
  invalid: 5,
  inconclusive: 6,
  noBaseline: 7,
  interrupted: 130,
} as const

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT]

/** Where several hold, the first of these is the status. */
const PRECEDENCE: readonly ExitStatus[] = [130, 1, 2, 3, 5, 4, 6, 7, 0]

export function gravest(statuses: readonly ExitStatus[]): ExitStatus {
  return PRECEDENCE.find(status => statuses.includes(status)) ?? EXIT.pass
}

export function exitStatusOf(error: unknown): ExitStatus {
  return isHarnessError(error) ? BY_CODE[error.code] : EXIT.internal
}

const BY_CODE: Record<ErrorCode, ExitStatus> = {
  USAGE: EXIT.usage,
  PROFILE_INVALID: EXIT.usage,
  MASTER_UNREACHABLE: EXIT.master,
  MASTER_NOT_MUPDATE: EXIT.master,
  MASTER_BYE: EXIT.master,
  MASTER_LOST: EXIT.master,
  MASTER_REFUSED: EXIT.master,
  MASTER_SETUP: EXIT.master,
  MASTER_DIED: EXIT.master,
  AUTH_FAILED: EXIT.master,
  AUTH_UNAVAILABLE: EXIT.master,
  TLS_UNAVAILABLE: EXIT.master,
  TLS_FAILED: EXIT.master,
  COMPRESS_UNAVAILABLE: EXIT.master,
  TIMEOUT: EXIT.master,
  WIRE_LIMIT: EXIT.master,
  WIRE_SYNTAX: EXIT.master,
  WIRE_UNEXPECTED: EXIT.master,
  RESULTS: EXIT.usage,
  NO_BASELINE: EXIT.noBaseline,
  AGENTS: EXIT.usage,
  NEWS_LOST: EXIT.invalid,
  INTERRUPTED: EXIT.interrupted,
  INTERNAL: EXIT.internal,
}

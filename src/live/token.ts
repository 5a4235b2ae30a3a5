import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { HarnessError } from '../core/errors.js'

/** What a scraper is told once and for all; else each run has a token of its own. */
export const TOKEN_VARIABLE = 'MUPDATE_BENCH_LIVE_TOKEN'
/** Of a token that somebody chose. */
const LEAST_CHARACTERS = 16

/** @throws {HarnessError} `USAGE` for one that could be guessed, or would not survive in a URL */
export function liveToken(chosen: string | undefined): string {
  if (chosen === undefined || chosen === '') return randomBytes(24).toString('base64url')
  if (/^[\w.~-]+$/.test(chosen) && chosen.length >= LEAST_CHARACTERS) return chosen
  throw new HarnessError(
    'USAGE',
    `${TOKEN_VARIABLE} is not a token`,
    `give at least ${LEAST_CHARACTERS} letters, digits or -._~, such as from: openssl rand -hex 16`,
  )
}

/** Takes as long whatever is wrong with it. */
export function sameToken(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token))
}

/** Equal lengths are what timingSafeEqual asks for. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

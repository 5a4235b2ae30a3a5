import type { LiveOptions } from '../live/live.js'
import { liveToken, TOKEN_VARIABLE } from '../live/token.js'

/** @throws {HarnessError} `USAGE` for a token that is none */
export function takeLiveToken(environment: NodeJS.ProcessEnv): Pick<LiveOptions, 'token' | 'isTokenGiven'> {
  const given = environment[TOKEN_VARIABLE]
  // No process that is started from here is to have it.
  delete environment[TOKEN_VARIABLE]
  return { token: liveToken(given), isTokenGiven: given !== undefined && given !== '' }
}

/** As it is printed: a token that was made for this run is known from nowhere else, one that was given is a secret. */
export function printedLink(url: string, { token, isTokenGiven }: Pick<LiveOptions, 'token' | 'isTokenGiven'>): string {
  return isTokenGiven ? `${url.replace(`token=${token}`, 'token=…')} (the token is the given one)` : url
}

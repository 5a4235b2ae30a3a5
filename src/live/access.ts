import { isIP } from 'node:net'
import { sameToken } from './token.js'

/** What a request says of itself. */
export interface Asked {
  readonly method: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly authorization: string | undefined
  /** Of the URL's query. */
  readonly token: string | null
  /** What is asked for is the bare page, which holds nothing of the run. */
  readonly isPage: boolean
}

export interface AccessRules {
  readonly token: string
  /** Names under which the server may be asked for, beside addresses. */
  readonly hostNames: readonly string[]
}

export interface Refusal {
  readonly status: 403 | 405
  readonly text: string
}

/** Why a request gets nothing; undefined where it may go on. */
export function refusalOf(asked: Asked, rules: AccessRules): Refusal | undefined {
  if (!isOurHost(asked.host, rules.hostNames)) return { status: 403, text: 'this server is not known by that name' }
  const token = asked.token ?? bearer(asked.authorization)
  if (!(asked.isPage && token === undefined) && !sameToken(token ?? '', rules.token))
    return { status: 403, text: 'the link of this run has a token, and this is not it' }
  if (asked.method !== 'GET' && asked.method !== 'POST') return { status: 405, text: 'GET, and POST to stop' }
  if (asked.method === 'POST' && !isSameOrigin(asked)) return { status: 403, text: 'only its own page stops this run' }
  return undefined
}

/**
 * A page elsewhere can have its own name resolve to this server's address, and is then of the same origin to a browser
 * (DNS rebinding). It cannot have an address for a name.
 */
function isOurHost(host: string | undefined, hostNames: readonly string[]): boolean {
  const name =
    /^(.*?)(?::\d+)?$/
      .exec(host ?? '')?.[1]
      .replace(/^\[(.*)\]$/, '$1')
      .toLowerCase() ?? ''
  return isIP(name) !== 0 || hostNames.includes(name)
}

/** Programs other than browsers say neither; the token is what they have. */
function isSameOrigin({ origin, fetchSite, host }: Asked): boolean {
  if (fetchSite !== undefined && fetchSite !== 'same-origin') return false
  return origin === undefined || origin === `http://${host}`
}

function bearer(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
}

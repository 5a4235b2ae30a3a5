import { createHash } from 'node:crypto'

/** What a DIGEST-MD5 response is made of (RFC 2831 section 2.1.2), as text. */
export interface DigestParts {
  readonly user: string
  readonly realm: string
  readonly password: string
  readonly nonce: string
  readonly clientNonce: string
  readonly uri: string
  readonly authorize: string | undefined
}

/** Each nonce is used once: a later login makes a new one. */
export const NONCE_COUNT = '00000001'

/** `response-value` of the client; `rspauth` of the server has no `AUTHENTICATE` (RFC 2831 section 2.1.3). */
export function digestResponse(parts: DigestParts, side: 'client' | 'server'): string {
  const { user, realm, password, nonce, clientNonce, uri, authorize } = parts
  const secret = md5(Buffer.concat([user, ':', realm, ':', password].map(narrow)))
  const identity = authorize === undefined ? '' : `:${authorize}`
  const a1 = Buffer.concat([secret, Buffer.from(`:${nonce}:${clientNonce}${identity}`)])
  const a2 = Buffer.from(`${side === 'client' ? 'AUTHENTICATE' : ''}:${uri}`)
  const middle = `${nonce}:${NONCE_COUNT}:${clientNonce}:auth`
  return md5(`${md5(a1).toString('hex')}:${middle}:${md5(a2).toString('hex')}`).toString('hex')
}

/** Text in ISO 8859-1 where it can be, though it is sent in UTF-8 (RFC 2831 section 2.1.2.1). */
function narrow(text: string): Buffer {
  return Buffer.from(text, /^[\0-\xFF]*$/.test(text) ? 'latin1' : 'utf8')
}

function md5(data: Buffer | string): Buffer {
  return createHash('md5').update(data).digest()
}

/**
 * `name=value,name="quoted value",…` (RFC 2831 section 7.1), names in lower case. A name that comes several times
 * (`realm`) keeps all its values.
 *
 * @returns undefined when it is not such a list
 */
export function directives(text: string): ReadonlyMap<string, readonly string[]> | undefined {
  const found = new Map<string, string[]>()
  const one = /[\s,]*([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)/y
  while (/[^\s,]/.test(text.slice(one.lastIndex))) {
    const match = one.exec(text)
    if (match === null) return undefined
    const name = match[1]!.toLowerCase()
    const value = match[2]?.replace(/\\(.)/gs, '$1') ?? match[3]!
    const values = found.get(name)
    if (values === undefined) found.set(name, [value])
    else values.push(value)
  }
  return found
}

export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

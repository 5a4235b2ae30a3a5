import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import type { Mechanism } from './mechanism.js'
import { prepared } from './prepared.js'

export type ScramMechanism = Extract<Mechanism, `SCRAM-${string}`>

/** RFC 5802 and RFC 7677; SCRAM-SHA-512 is draft-melnikov-scram-sha-512, as cyrus-sasl has it. Without channel binding. */
export interface ScramHash {
  readonly mechanism: ScramMechanism
  readonly name: string
  readonly bytes: number
}

export const SCRAM: Readonly<Record<ScramMechanism, ScramHash>> = {
  'SCRAM-SHA-1': { mechanism: 'SCRAM-SHA-1', name: 'sha1', bytes: 20 },
  'SCRAM-SHA-256': { mechanism: 'SCRAM-SHA-256', name: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { mechanism: 'SCRAM-SHA-512', name: 'sha512', bytes: 64 },
}

/** What both sides know from the password: the slow part of a login, and the same for each of one user's. */
export interface ScramKeys {
  readonly clientKey: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** Slow by design: 1.4 ms for 4096 iterations, so keep what comes of it. */
export function scramKeys(hash: ScramHash, password: string, salt: Buffer, iterations: number): ScramKeys {
  const salted = pbkdf2Sync(prepared(password), salt, iterations, hash.bytes, hash.name)
  const clientKey = hmac(hash, salted, 'Client Key')
  const storedKey = createHash(hash.name).update(clientKey).digest()
  return { clientKey, storedKey, serverKey: hmac(hash, salted, 'Server Key') }
}

/** AuthMessage (RFC 5802 section 3). */
export function authMessage(clientFirstBare: string, serverFirst: string, clientFinalBare: string): string {
  return `${clientFirstBare},${serverFirst},${clientFinalBare}`
}

export function clientProof(hash: ScramHash, { clientKey, storedKey }: ScramKeys, message: string): Buffer {
  return xor(clientKey, hmac(hash, storedKey, message))
}

/** The client's key from its proof, which only one who has it could have made. */
export function keyOfProof(hash: ScramHash, { storedKey }: ScramKeys, proof: Buffer, message: string): Buffer {
  return xor(proof, hmac(hash, storedKey, message))
}

export function serverSignature(hash: ScramHash, { serverKey }: ScramKeys, message: string): Buffer {
  return hmac(hash, serverKey, message)
}

/** `=` and `,` in a name (RFC 5802 section 5.1, saslname). */
export function escapedName(name: string): string {
  return name.replace(/=/g, '=3D').replace(/,/g, '=2C')
}

export function unescapedName(name: string): string {
  return name.replace(/=2C/g, ',').replace(/=3D/g, '=')
}

/**
 * `a=…,b=…`: attributes in their order, by their letter.
 *
 * @returns undefined when it is not such a list, or names one twice
 */
export function scramAttributes(message: string): ReadonlyMap<string, string> | undefined {
  const attributes = new Map<string, string>()
  for (const part of message.split(',')) {
    if (!/^[A-Za-z]=/.test(part) || attributes.has(part[0]!)) return undefined
    attributes.set(part[0]!, part.slice(2))
  }
  return attributes
}

function hmac(hash: ScramHash, key: Buffer, text: string): Buffer {
  return createHmac(hash.name, key).update(text).digest()
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ b[i]!))
}

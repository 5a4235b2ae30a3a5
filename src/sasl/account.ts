import { createHash } from 'node:crypto'
import type { Credentials } from '../core/address.js'
import { sameBytes } from './failure.js'

/** Whether these bytes, each as one character, are the account's UTF-8; takes as long whatever differs. */
export function sameSecret(account: Credentials, user: string, password: string): boolean {
  const expected = Buffer.from(`${account.user}\0${account.password}`).toString('latin1')
  return sameBytes(digest(expected), digest(`${user}\0${password}`))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest()
}

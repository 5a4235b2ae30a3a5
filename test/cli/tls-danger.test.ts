import { expect, it } from 'vitest'
import { tlsDanger } from '../../src/cli/tls-danger.js'

it.each([
  { version: 'Cyrus IMAP 3.6.1-Debian-3.6.1-4+deb12u5', tls: 'TLSv1.3, X', isDangerous: true },
  { version: 'Cyrus IMAP 3.6.1', tls: null, isDangerous: false },
  { version: 'Cyrus IMAP 3.6.10', tls: 'TLSv1.3, X', isDangerous: false },
  { version: 'Cyrus IMAP 3.12.2', tls: 'TLSv1.3, X', isDangerous: false },
])('TLS with $version ($tls) is dangerous: $isDangerous', ({ version, tls, isDangerous }) => {
  const security = { tls, verified: tls === null ? null : true, mechanism: 'PLAIN', compression: null }
  const danger = tlsDanger({ version, mailboxDatabase: 'unknown', settings: {}, binaries: {}, security })
  expect(danger !== undefined).toBe(isDangerous)
})

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { encodeCommand } from '../../src/wire/encode.js'
import type { State } from './tally.js'

const CORPUS = fileURLToPath(new URL('../../../test/corpus/hostile.json', import.meta.url))
const corpus: Buffer[] = (JSON.parse(readFileSync(CORPUS, 'utf8')) as { bytes: string }[]).map(({ bytes }) =>
  latin1(bytes),
)

const [name, location, acl] = ['user.bob.Sent', 'be1.example.com!default', 'bob\tlrswipkxtecda\tanyone\tp\t']
const COMMANDS = [
  encodeCommand('X1', { kind: 'ACTIVATE', name, location, acl }),
  encodeCommand('X2', { kind: 'RESERVE', name, location }),
  encodeCommand('X3', { kind: 'DEACTIVATE', name, location }),
  encodeCommand('X4', { kind: 'DELETE', name }),
  encodeCommand('X5', { kind: 'FIND', name }),
  encodeCommand('X6', { kind: 'LIST', locationPrefix: 'be9' }),
  encodeCommand('X7', { kind: 'UPDATE', servers: ['be9', 'be8'] }),
  encodeCommand('X8', { kind: 'NOOP' }),
  encodeCommand('A01', { kind: 'AUTHENTICATE', mechanism: 'PLAIN', initialResponse: 'AG11cmRlcgBzZWNyZXQ=' }),
  encodeCommand('A02', { kind: 'AUTHENTICATE', mechanism: 'PLAIN' }),
  encodeCommand('A03', {
    kind: 'AUTHENTICATE',
    mechanism: 'SCRAM-SHA-256',
    initialResponse: 'biwsbj1tdXJkZXIscj1hYmM=',
  }),
  'X9 FIND "user.bob"\r\n',
  'X10 RESERVE {3}\r\na.b {4}\r\nbe!p\r\n',
].map(latin1)

const record = (tag: string) =>
  latin1(
    `${tag} MAILBOX {${name.length}+}\r\n${name} {${location.length}+}\r\n${location} {${acl.length}+}\r\n${acl}\r\n`,
  )
const OFFERS = [
  '* AUTH "PLAIN" "SCRAM-SHA-256" "DIGEST-MD5"\r\n',
  '* COMPRESS "DEFLATE"\r\n',
  '* X-SOMETHING-NEW {3+}\r\na b "c d" {0+}\r\n\r\n',
].map(latin1)
const BANNER_ENDS = [
  '* OK MUPDATE "m.example.com" "Cyrus IMAP" "3.6.1" "(master)"\r\n',
  '* BYE "Server Unable"\r\n',
].map(latin1)
const LOGIN = [
  'A01 OK "Authenticated"\r\n',
  'A01 NO "undefined error!"\r\n',
  'A01 BAD "already authenticated"\r\n',
  '+ cj1hYmMscz1RU1hDUitRNnNlazhiZjkyLGk9NDA5Ng==\r\n',
].map(latin1)
const RECORDS = [
  record('U01'),
  record('U01'),
  `U01 RESERVE {${name.length}+}\r\n${name} {${location.length}+}\r\n${location}\r\n`,
  `U01 DELETE {${name.length}+}\r\n${name}\r\n`,
  'U01 MAILBOX "user.bob" "be1!default" "bob\tlrs\t"\r\n',
].map(latin1)
const STATUS = ['X0 OK "done"\r\n', 'X0 NO "mailbox already exists"\r\n', '* BYE "idle for too long"\r\n'].map(latin1)

/** What a client might say. */
export const commandSeeds: readonly Buffer[] = [...COMMANDS, ...COMMANDS, ...COMMANDS, ...corpus]

/** What a master might say in that state; most of it belongs there. `X0` stands for what is answered. */
export function replySeeds(state: State): readonly Buffer[] {
  const all = [...OFFERS, ...BANNER_ENDS, ...LOGIN, ...RECORDS, ...STATUS, ...corpus]
  const often = (...frames: readonly Buffer[]) => {
    const times = Math.ceil((5 * all.length) / frames.length)
    return [...Array.from({ length: times }, () => frames).flat(), ...all]
  }
  switch (state) {
    case 'banner':
      return often(...OFFERS)
    case 'before login':
      return often(record('A01'), record('A01'), ...LOGIN)
    case 'idle':
      return often(record('X0'), record('X0'), record('X0'), ...STATUS)
    default:
      return often(...RECORDS)
  }
}

function latin1(text: string | Buffer): Buffer {
  return Buffer.from(text as string, 'latin1')
}

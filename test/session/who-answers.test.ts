import { describe, expect, it } from 'vitest'
import { whoAnswers } from '../../src/session/who-answers.js'
import { BANNER } from '../support/line-server.js'

const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('who answers', () => {
  it('is a master as soon as its banner is whole, and not before', () => {
    for (let n = 0; n < BANNER.length; n++) expect(whoAnswers(bytes(BANNER.slice(0, n)), false), `${n}`).toBeUndefined()
    expect(whoAnswers(bytes(BANNER), false)).toEqual({
      kind: 'mupdate',
      banner: {
        host: 'mail.example.com',
        product: 'Cyrus IMAP',
        version: '3.6.1',
        role: '(master)',
        capabilities: { AUTH: ['PLAIN', 'LOGIN'], STARTTLS: [] },
      },
    })
  })

  it('is a master that refuses', () => {
    expect(whoAnswers(bytes('* BYE "Server Unable"\r\n'), false)).toEqual({ kind: 'bye', text: 'Server Unable' })
  })

  it.each([
    ['HTTP/1.1 400 Bad Request\r\n', 'an HTTP server'],
    ['* OK [CAPABILITY IMAP4rev1] hello there, again\r\n', 'an IMAP server'],
    ['+OK hello\r\n', 'a POP3 server'],
    ['220 mail ESMTP\r\n', 'an SMTP, LMTP or FTP server'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'an SSH server'],
    ['"IMPLEMENTATION" "Cyrus timsieved"\r\n', 'a ManageSieve server'],
    ['\x15\x03\x01\x00\x02\x02\x46', 'a server that speaks TLS'],
    ['\0\0\0\x0c', 'something else'],
    ['* AUTH "PLAIN" {9999999+}\r\n', 'something else'],
  ])('%j is no master', (text, what) => {
    expect(whoAnswers(bytes(text), false)).toMatchObject({ kind: 'other', what })
  })

  it('is nobody’s guess before it has said anything, or where a banner is cut off', () => {
    expect(whoAnswers(bytes(''), false)).toBeUndefined()
    expect(whoAnswers(bytes(''), true)).toBeUndefined()
    expect(whoAnswers(bytes('* AUTH "PLAIN"\r\n* OK MUP'), true)).toMatchObject({
      kind: 'other',
      what: 'something else',
    })
  })

  it('keeps no more than a line of it, and not all of that', () => {
    const answer = whoAnswers(bytes(`HTTP/1.1 ${'x'.repeat(500)}\r\nand more`), false)
    expect(answer).toMatchObject({ kind: 'other', line: `HTTP/1.1 ${'x'.repeat(51)}` })
  })
})

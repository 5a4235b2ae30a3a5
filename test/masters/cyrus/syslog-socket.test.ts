import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listenForSyslog, SyslogFraming, syslogLine } from '../../../src/masters/cyrus/syslog-socket.js'

const WIRE = Buffer.from(
  '<182>Nov  4 16:02:03 mupdate-bench/mupdate[77]: login: murder\0<179>Nov 24 16:02:04 mupdate-bench/master[7]: é gone\0',
)
const LINES = ['mupdate[77]: login: murder', 'master[7]: é gone']

describe('SyslogFraming', () => {
  it('gives the same lines wherever the bytes are split', () => {
    for (let at = 0; at <= WIRE.length; at++) {
      const framing = new SyslogFraming()
      const lines = [...framing.push(WIRE.subarray(0, at)), ...framing.push(WIRE.subarray(at))]
      expect(lines, `split at ${at}`).toEqual(LINES)
    }
  })

  it('passes over empty messages', () => {
    expect(new SyslogFraming().push(Buffer.from('\0\0a\0'))).toEqual(['a'])
  })

  it('does not keep a message that never ends', () => {
    const framing = new SyslogFraming()
    expect(framing.push(Buffer.alloc(70_000, 'x'))).toHaveLength(1)
    expect(framing.push(Buffer.from('a\0'))).toEqual(['a'])
  })
})

describe('syslogLine', () => {
  it.each([
    ['no priority', 'mupdate[1]: x', 'mupdate[1]: x'],
    ['another prefix', '<22>Jan  1 00:00:00 cyrus/imapd[1]: x\n', 'cyrus/imapd[1]: x'],
    ['a text like a priority', '<22>Jan  1 00:00:00 mupdate-bench/mupdate[1]: <5> x', 'mupdate[1]: <5> x'],
  ])('takes %s', (_, message, line) => {
    expect(syslogLine(message)).toBe(line)
  })
})

describe('listenForSyslog', () => {
  it('takes messages of several writers apart', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mupdate-bench-log-'))
    const path = join(directory, 'log')
    const lines: string[] = []
    const server = await listenForSyslog(path, more => lines.push(...more))
    for (const word of ['one', 'two']) {
      const writer = connect(path)
      writer.write(`<22>${word}`)
      await new Promise<void>(resolve => writer.end('\0', () => writer.once('close', () => resolve())).resume())
    }
    await new Promise(resolve => server.close(resolve))
    rmSync(directory, { recursive: true })
    expect(lines).toEqual(['one', 'two'])
  })
})

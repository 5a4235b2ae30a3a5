import { describe, expect, it } from 'vitest'
import { logLine } from '../../src/diagnosis/log-line.js'
import { deathOf, sayingOf, shapeOf } from '../../src/diagnosis/sayings.js'
import { Stamps } from '../../src/diagnosis/stamps.js'
import { findings } from '../../src/report/diagnosis/words.js'
import { diagnoseLogs, logOf, READ_MS } from './reading.js'

const read = (line: string) => logLine(line, new Stamps({ kind: 'until', untilMs: READ_MS }))
const local = (...parts: [number, number, number, number, number, number]) => new Date(...parts).getTime()
const SCARFING = 'scarfing mailbox list from master mupdate server'

describe('a line', () => {
  it.each([
    ['a host and a prefix', `Nov 28 02:46:44 fe1 cyrus/mupdate[123]: ${SCARFING}`, 'fe1', 'cyrus/mupdate', 123],
    ['neither', `Nov 28 02:46:44 mupdate[123]: ${SCARFING}`, undefined, 'mupdate', 123],
    ['a text with a colon, and no host', 'Nov 28 02:46:44 mupdate[123]: login: be1', undefined, 'mupdate', 123],
    [
      'an IPv6 address for its host',
      'Nov 28 02:46:44 2001:db8::1 mupdate[123]: login: be1',
      '2001:db8::1',
      'mupdate',
      123,
    ],
    ['no number', 'Nov  8 02:46:44 fe1 mupdate: login: be1', 'fe1', 'mupdate', undefined],
    [
      'nothing in its RFC 5424 head',
      '<22>1 2026-11-28T02:46:44Z - mupdate - - - login: be1',
      undefined,
      'mupdate',
      undefined,
    ],
  ])('with %s', (_, line, host, ident, pid) => {
    expect(read(line)).toMatchObject({ host, ident, pid, text: line.replace(/^.*?mupdate(?:\[123\]:|:| - - -) /, '') })
  })

  it.each([
    'Feb 30 02:46:44 fe1 mupdate[1]: login: be1',
    'Sun 28 02:46:44 fe1 mupdate[1]: login: be1',
    '[ 1234.567890] fe1 mupdate[1]: login: be1',
    'mupdate',
    '',
  ])('that is none: %s', line => expect(read(line)).toBeUndefined())

  it.each([
    ['before it was read', 'Nov 27 23:00:00', local(2026, 10, 27, 23, 0, 0)],
    ['of a host whose clock is ahead', 'Nov 29 01:00:00', local(2026, 10, 29, 1, 0, 0)],
    ['of last year', 'Dec 31 23:59:59', local(2025, 11, 31, 23, 59, 59)],
    ['of a leap day', 'Feb 29 12:00:00', local(2024, 1, 29, 12, 0, 0)],
  ])('without a year %s', (_, stamp, atMs) => expect(read(`${stamp} fe1 mupdate[1]: x`)).toMatchObject({ atMs }))

  it('goes on into the next year where the first is given', () => {
    const stamps = new Stamps({ kind: 'from', year: 2019 })
    const years = ['Dec 31', 'Jan  1', 'Jan  2'].map(day => stamps.at(`${day} 12:00:00 x`)!.atMs)
    expect(years.map(atMs => new Date(atMs).getFullYear())).toEqual([2019, 2020, 2020])
  })

  it('of before New Year that comes late is of the year before', () => {
    const stamps = new Stamps({ kind: 'from', year: 2019 })
    const years = ['Dec 31', 'Jan  1', 'Dec 31', 'Jan  1'].map(day => stamps.at(`${day} 12:00:00 x`)!.atMs)
    expect(years.map(atMs => new Date(atMs).getFullYear())).toEqual([2019, 2020, 2019, 2020])
  })

  it('of the hour that comes twice is of the second where the log goes back', () => {
    const zone = process.env.TZ
    process.env.TZ = 'Europe/Berlin'
    try {
      const stamps = new Stamps({ kind: 'from', year: 2026 })
      const times = ['02:05:00', '02:55:00', '02:05:00', '02:56:00', '03:05:00']
      const first = Date.parse('2026-10-25T00:05:00Z')
      const minutes = times.map(time => (stamps.at(`Oct 25 ${time} x`)!.atMs - first) / 60_000)
      expect(minutes).toEqual([0, 50, 60, 111, 120])
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })

  it('of a slave under an identifier that was cut is counted as not read', () => {
    const { sources, notes } = diagnoseLogs([
      logOf(`Nov 28 02:46:44 fe1 mupdate[1]: ${SCARFING}`, `Nov 28 02:46:44 fe2 cyrus[123]: ${SCARFING}`),
    ])
    expect(sources[0].unreadLines).toBe(1)
    expect(notes.join()).toContain('permitSlashInProgramName')
  })

  it('of JSON that is no journal’s is counted as not read', () => {
    const docker = JSON.stringify({ log: `Nov 28 02:46:44 fe2 mupdate[1]: ${SCARFING}\n`, stream: 'stdout' })
    const elastic = JSON.stringify({ _source: { message: `mupdate[1]: ${SCARFING}` } })
    const { sources } = diagnoseLogs([
      logOf(`Nov 28 02:46:44 fe1 mupdate[1]: ${SCARFING}`),
      { ...logOf(docker, elastic, '{"log":"something else"}'), name: 'docker' },
    ])
    expect(sources.map(({ unreadLines }) => unreadLines)).toEqual([0, 2])
  })

  it('of a death of 2.x is of the mupdate that had the number last, and of no later one’s', () => {
    const login = (second: number, pid: number) => `Nov 28 02:46:0${second} mup mupdate[${pid}]: login: be1`
    const died = (second: number, pid: number) =>
      `Nov 28 02:46:0${second} mup master[1]: process ${pid} exited, status 75`
    const [{ deaths }] = diagnoseLogs([logOf(login(1, 77), died(2, 77), login(3, 78), died(5, 77))]).masters
    expect(deaths).toEqual([{ at: expect.stringContaining(':02.'), how: 'status 75' }])
  })

  it('that a service was given up is no death more', () => {
    const result = diagnoseLogs([
      logOf(
        'Nov 28 02:46:01 mup mupdate[77]: login: be1',
        'Nov 28 02:46:02 mup master[1]: process 77 exited, signaled to death by 11',
        'Nov 28 02:46:03 mup master[1]: too many failures for service mupdate/ipv4, disabling until next SIGHUP',
      ),
    ])
    expect(findings(result).join()).toMatch(/The master died 1 time\b/)
  })

  it('of connections that were given up for their silence are told, and no other idleness', () => {
    const at = (second: number, text: string) => `Nov 28 02:46:${second} mup mupdate[1]: ${text}`
    const result = diagnoseLogs([
      logOf(
        at(10, 'login: fe1 [127.0.0.1] murder PLAIN User logged in'),
        at(11, 'idle for too long, closing connection'),
        at(12, 'idle for too long, closing connection'),
        at(13, 'Thread timed out waiting for listener_lock'),
      ),
    ])
    expect(result.masters).toMatchObject([{ refused: [], gaveUp: [{ count: 2 }] }])
    expect(findings(result).join()).toMatch(/the master gave up 2 connections .* 3 hours/i)
  })

  it('that was counted instead of repeated counts as often', () => {
    const refused = 'Server too busy, dropping connection.'
    const { masters } = diagnoseLogs([
      logOf(
        `Nov 28 02:46:44 mup mupdate[1]: ${refused}`,
        `Nov 28 02:46:45 mup mupdate[1]: message repeated 3 times: [ ${refused}]`,
        'Nov 28 02:46:59 mup last message repeated 2 times',
        'Nov 28 02:46:59 mup imapd[7]: whatever',
        'Nov 28 02:47:10 mup last message repeated 9 times',
      ),
    ])
    expect(masters[0].refused).toMatchObject([{ count: 1 + 3 + 3 * 2 - 4 }])
  })
})

describe('what is said', () => {
  it.each([
    ['connection to master timed out.', { kind: 'timed-out' }],
    ['retrying connection to mupdate server in 27 seconds', { kind: 'retrying', seconds: 27 }],
    ['mailbox list synchronization NOT complete (3) errors', { kind: 'unsynchronised' }],
    ['signals_select: nfds = 1023/1024', { kind: 'descriptors', used: 1023, limit: 1024 }],
    ['mappedfile: longlock /var/lib/cyrus/mailboxes.db for 2.4 seconds', { kind: 'long-lock', seconds: 2.4 }],
    ['the connection to master timed out', undefined],
  ])('by “%s”', (text, saying) => expect(sayingOf(text)).toEqual(saying))

  it.each([
    [
      'process type:SERVICE name:mupdate path:/usr/lib/cyrus/bin/mupdate age:1.234s pid:77 signaled to death by signal 11 (Segmentation fault, core dumped)',
      { kind: 'signalled', pid: 77, service: 'mupdate' },
    ],
    [
      'process type:SERVICE name:mupdate path:/usr/lib/cyrus/bin/mupdate age:1.234s pid:77 exited, status 75',
      { kind: 'failed', pid: 77, service: 'mupdate' },
    ],
    ['process 77 exited, signaled to death by 11', { kind: 'signalled', pid: 77, service: undefined }],
    [
      'too many failures for service mupdate/ipv4, disabling until next SIGHUP',
      { kind: 'disabled', service: 'mupdate' },
    ],
  ])('of a death by “%s”', (text, death) => expect(deathOf(text)).toMatchObject(death))

  it('has a shape without numbers and names', () => {
    expect(shapeOf('no user.joe.Sent of <joe@example.com> in "a b" after 12 s, 0x7f')).toBe(
      'no * of "…" in "…" after # s, #',
    )
  })
})

import { describe, expect, it } from 'vitest'
import { examine } from '../../src/doctor/examine.js'
import type { DoctorFacts, LocalMaster, TlsSeen } from '../../src/metrics/doctor-result.js'
import { banner, checkOf, times, WELL } from './facts.js'

const HERE: DoctorFacts = { ...WELL, target: { ...WELL.target, host: '127.0.0.1', isHere: true, isLoopback: true } }

const LOCAL: LocalMaster = {
  pid: 77,
  program: 'mupdate',
  isAssumed: false,
  threads: 7,
  connections: 3,
  descriptors: 13,
  maxDescriptors: 4096,
  settings: {
    workersMax: { value: 50, from: 'imapd.conf' },
    connectionsMax: { value: 128, from: 'imapd.conf' },
    unread: null,
  },
  database: { type: 'twoskip', directory: '/var/lib/cyrus', place: 'disk' },
}

const local = (changes: Partial<LocalMaster>): DoctorFacts => ({ ...HERE, local: { ...LOCAL, ...changes } })
const settings = (changes: Partial<LocalMaster['settings']>) => local({ settings: { ...LOCAL.settings, ...changes } })

describe('what the facts come to', () => {
  it('is no more than that there is no master, where there is none', () => {
    const nobody = { ...WELL, answer: { kind: 'closed', detail: 'nobody listens', remedy: 'start it' } } as const
    const { verdict, checks, commands } = examine(nobody)
    expect(verdict).toBe('failed')
    expect(checks.map(({ group, name, mark }) => [group, name, mark])).toEqual([
      ['port', 'address', 'ok'],
      ['port', 'port', 'failed'],
    ])
    expect(commands).toEqual([])
  })

  it('is a command that can be pasted, with the words that it needs', () => {
    expect(examine(WELL).commands).toEqual([
      'mupdate-bench run smoke --master mupdate://murder@mup.example.com:3905 --allow-load mup.example.com --allow-mutations mup.example.com',
    ])
    const refused = { kind: 'refused', ms: 3100, code: 'AUTH_FAILED', detail: 'no', remedy: 'check' } as const
    expect(examine({ ...WELL, login: refused }).commands).toEqual([])
  })

  it('always has something to do about what is not well', () => {
    const all = [
      WELL,
      HERE,
      local({}),
      { ...WELL, findUs: times(9e5, 2e6, 1) },
      { ...WELL, noopUs: times(9e5, 2e6, 1) },
    ]
    for (const check of all.flatMap(facts => examine(facts).checks))
      if (check.mark === 'warning' || check.mark === 'failed') expect(check.remedy, check.name).toMatch(/./)
  })

  it('fails for a slave, and names its master', () => {
    const slave = { ...WELL, answer: banner({ role: 'mupdate://mup1.example.com' }) }
    expect(checkOf(slave, 'port', 'answers')).toMatchObject({
      mark: 'failed',
      remedy: 'ask that one: mupdate://USER@mup1.example.com',
    })
    expect(checkOf(slave, 'a run', 'list')).toBeUndefined()
  })
})

describe('offers', () => {
  it('warns of a Cyrus’s STARTTLS, which kills it, and of no other master’s', () => {
    const capabilities = { AUTH: ['PLAIN'], STARTTLS: [] }
    expect(checkOf({ ...WELL, answer: banner({ capabilities }) }, 'offers', 'STARTTLS')).toMatchObject({
      mark: 'warning',
    })
    const other = banner({ capabilities, product: 'mupdate-bench' })
    expect(checkOf({ ...WELL, answer: other }, 'offers', 'STARTTLS')).toMatchObject({ mark: 'ok' })
    expect(examine({ ...WELL, answer: other }).checks.filter(({ group }) => group === 'known')).toEqual([])
  })
})

describe('login', () => {
  it.each([
    ['PLAIN', false, false, 'warning'],
    ['LOGIN', false, false, 'warning'],
    ['PLAIN', true, false, 'ok'],
    ['PLAIN', false, true, 'ok'],
    ['SCRAM-SHA-256', false, false, 'ok'],
  ])('by %s, encrypted %s, on this host %s: %s', (mechanism, isEncrypted, isLoopback, mark) => {
    const facts = { ...WELL, target: { ...WELL.target, isLoopback } }
    expect(checkOf({ ...facts, login: { kind: 'done', ms: 4, mechanism, isEncrypted } }, 'login', 'login')!.mark).toBe(
      mark,
    )
  })

  it('tells failedloginpause where a refusal took its time', () => {
    const refused = { kind: 'refused', code: 'AUTH_FAILED', detail: 'refuses', remedy: 'check' } as const
    expect(checkOf({ ...WELL, login: { ...refused, ms: 3005 } }, 'login', 'login')!.said).toContain('failedloginpause')
    expect(checkOf({ ...WELL, login: { ...refused, ms: 30 } }, 'login', 'login')!.said).not.toContain(
      'failedloginpause',
    )
  })
})

describe('latency', () => {
  it('takes the lock for held where a FIND waits and NOOPs do not', () => {
    expect(checkOf(WELL, 'latency', 'lock')!.mark).toBe('ok')
    expect(checkOf({ ...WELL, findUs: times(90, 600e3) }, 'latency', 'lock')!.mark).toBe('warning')
    expect(checkOf({ ...WELL, findUs: times(90, 2.5e6, 1) }, 'latency', 'lock')).toMatchObject({
      mark: 'warning',
      said: expect.stringContaining('≥2.50 s'),
    })
  })

  it('does not where all is slow: that is the network, or a CPU', () => {
    const slow = { ...WELL, noopUs: times(180e3, 220e3), findUs: times(180e3, 230e3) }
    expect(checkOf(slow, 'latency', 'lock')!.mark).toBe('ok')
  })

  it('fails where no NOOP was answered in a good while', () => {
    const never = (max: number, count = 1) => ({ ...WELL, noopUs: { ...times(max, max, 1), count }, findUs: null })
    expect(checkOf(never(2.5e6), 'latency', 'NOOP')).toMatchObject({
      mark: 'failed',
      said: 'not answered in 2.50 s',
    })
    expect(examine(never(2.5e6)).verdict).toBe('failed')
    expect(checkOf(never(2.5e6, 20), 'latency', 'NOOP')!.mark).toBe('warning')
    // There was no time left to wait for it.
    expect(checkOf(never(20e3), 'latency', 'NOOP')!.mark).toBe('warning')
  })

  it('does not pretend to know the clock of another host', () => {
    expect(checkOf(WELL, 'latency', 'clock')!.mark).toBe('notMeasured')
    expect(checkOf(HERE, 'latency', 'clock')!.mark).toBe('ok')
  })
})

describe('limits', () => {
  it('are not known of another host, and it is said how to find them out', () => {
    expect(checkOf(WELL, 'limits', 'process')).toMatchObject({
      mark: 'notMeasured',
      remedy: expect.stringContaining('grep'),
    })
  })

  it('of workers leave one that listens', () => {
    expect(checkOf(local({}), 'limits', 'workers')).toMatchObject({
      mark: 'ok',
      said: expect.stringContaining(': 49 slaves'),
    })
    expect(checkOf(local({ connections: 45 }), 'limits', 'workers')!.mark).toBe('warning')
    const unread = { workersMax: null, connectionsMax: null, unread: 'cannot read imapd.conf' }
    expect(checkOf(settings(unread), 'limits', 'workers')).toMatchObject({ mark: 'notMeasured', said: unread.unread })
  })

  it('of connections end before the deadly ones', () => {
    const max = (value: number) => checkOf(settings({ connectionsMax: { value, from: 'x' } }), 'limits', 'connections')!
    expect(max(1000).mark).toBe('ok')
    expect(max(1001)).toMatchObject({ mark: 'warning', said: expect.stringContaining('1,010') })
    expect(checkOf(local({ connections: 110 }), 'limits', 'connections')!.mark).toBe('warning')
  })

  it('of descriptors have to suffice for its connections', () => {
    expect(checkOf(local({ maxDescriptors: 256 }), 'limits', 'descriptors')!.mark).toBe('ok')
    expect(checkOf(local({ maxDescriptors: 128 }), 'limits', 'descriptors')!.mark).toBe('warning')
  })
})

describe('TLS', () => {
  const seen: Extract<TlsSeen, { kind: 'established' }> = {
    kind: 'established',
    mode: 'starttls',
    ms: 5,
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    certificate: { names: ['mup.example.com'], issuer: 'ca', validTo: '2027-11-30T00:00:00.000Z', daysLeft: 364.9 },
    name: 'mup.example.com',
    distrust: null,
    mechanisms: ['PLAIN'],
  }
  const by = (changes: Partial<typeof seen>, mode: 'starttls' | 'off' = 'starttls'): DoctorFacts => ({
    ...WELL,
    target: { ...WELL.target, tls: mode },
    tls: { ...seen, ...changes },
  })
  const ends = (daysLeft: number) => ({ certificate: { ...seen.certificate!, daysLeft } })

  it.each([
    ['certificate', {}, 'ok'],
    ['trust', {}, 'ok'],
    ['certificate', ends(29.5), 'warning'],
    ['certificate', ends(-0.5), 'failed'],
    ['certificate', { certificate: null }, 'failed'],
    ['trust', { distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'failed'],
    ['trust', { distrust: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'failed'],
    ['handshake', { protocol: 'TLSv1' }, 'warning'],
  ] as const)('%s of %j: %s', (name, changes, mark) => {
    expect(checkOf(by(changes), 'TLS', name)!.mark).toBe(mark)
  })

  it('names whom it was verified for', () => {
    expect(checkOf(by({ name: 'other.example.com' }), 'TLS', 'trust')!.said).toBe('verified, and for other.example.com')
    const notFor = by({ name: 'other.example.com', distrust: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    expect(checkOf(notFor, 'TLS', 'trust')!.said).toContain('it is not for other.example.com, but for mup.example.com')
  })

  it.each([
    [{ distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'trust', 'not verified, as you asked: it has signed itself'],
    [{}, 'trust', 'runs do not verify it, as you asked'],
    [ends(-0.5), 'certificate', 'over for 1 day'],
    [{ certificate: null }, 'certificate', 'none was shown'],
  ])('of %j stops nobody who asked for --tls-no-verify', (changes, name, said) => {
    const facts = by(changes)
    const result = examine({ ...facts, target: { ...facts.target, verifies: false } })
    expect(result.verdict).toBe('warning')
    expect(result.checks.find(check => check.group === 'TLS' && check.name === name)).toMatchObject({
      mark: 'warning',
      said: expect.stringContaining(said),
    })
  })

  it('is only looked at where runs do not use it', () => {
    expect(checkOf(by({ distrust: 'CERT_HAS_EXPIRED' }, 'off'), 'TLS', 'trust')!.mark).toBe('warning')
  })
})

describe('a run', () => {
  it('says of a list how many may fetch it at once', () => {
    const list = { mailboxes: 500_000, reserved: 0, bytes: 50e6, firstMs: 4, ms: 3200, servers: { be1: 500_000 } }
    // 20 s ÷ 3.2 s
    expect(checkOf({ ...WELL, list }, 'a run', 'list')!.said).toMatch(/156,250 a second.*up to 6 frontends/)
  })

  it('fails for a list that did not come whole, with what came of it', () => {
    const listFailed = { detail: 'the list had not ended after 60.0 s: 7 mailboxes', remedy: '--dump-limit' }
    expect(checkOf({ ...WELL, listFailed }, 'a run', 'list')).toMatchObject({
      mark: 'failed',
      said: listFailed.detail,
      remedy: listFailed.remedy,
    })
  })

  it('shows of a server’s name what can be shown', () => {
    const servers = { ['x'.repeat(5000)]: 1, 'be\x1b[2J': 1 }
    const list = { mailboxes: 2, reserved: 0, bytes: 5e3, firstMs: 4, ms: 5, servers }
    const { said } = checkOf({ ...WELL, list }, 'a run', 'list')!
    expect(said.length).toBeLessThan(1000)
    expect(said).not.toContain('\x1b')
  })

  it('has as many connections as descriptors and ports leave', () => {
    const room = (host: Partial<DoctorFacts['host']>) =>
      checkOf({ ...WELL, host: { ...WELL.host, ...host } }, 'a run', 'room')!.said
    expect(room({})).toContain('19,930 connections')
    expect(room({ ports: 2000, portsUsed: 500 })).toContain('1,500 connections')
    expect(checkOf({ ...WELL, host: { ...WELL.host, maxDescriptors: 256 } }, 'this host', 'descriptors')!.mark).toBe(
      'warning',
    )
  })
})

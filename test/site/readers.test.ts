import { describe, expect, it } from 'vitest'
import { written } from '../../src/generators/dump.js'
import { type Counters, parseCounters, ratesOf, secondsBetween } from '../../src/site/counters.js'
import { isUnified, mupdateService, parseCyrusFile, settingMs, settingOf } from '../../src/site/cyrus-files.js'
import { diagnosisFacts } from '../../src/site/diagnosis.js'
import { countDump } from '../../src/site/dump-count.js'

/** `/usr/lib/cyrus/bin/cyr_info conf-all` of 3.6.1, shortened. */
const CONF_ALL = `failedloginpause: 3s
mboxlist_db: twoskip
mboxlist_db_path: 
mupdate_config: standard
mupdate_connections_max: 128
mupdate_retry_delay: 30
mupdate_workers_max: 70
`

describe('files of a Cyrus host', () => {
  it('are known by what is in them', () => {
    expect(parseCyrusFile(CONF_ALL, 'a').kind).toBe('settings')
    expect(parseCyrusFile('# ours\nSERVICES {\n  mupdate cmd="mupdate -m"\n}\n', 'b').kind).toBe('services')
    expect(() => parseCyrusFile('hello\n', 'c')).toThrow(/c: neither imapd.conf/)
  })

  it('reads imapd.conf: comments, blanks, the last of a name, lines that go on, includes, a service’s own', () => {
    const file = parseCyrusFile(
      '# mupdate_workers_max: 1\n mupdate_workers_max :  60 \nMUPDATE_WORKERS_MAX: 61\nadmins: a \\\n  b\n@include: /etc/more.conf\nmupdate_mupdate_workers_max: 99\nmupdate_server:\n',
      'imapd.conf',
    )
    if (file.kind !== 'settings') throw new Error(file.kind)
    expect(file.settings.mupdate_workers_max).toBe('61')
    expect(file.settings.admins).toMatch(/^a\s+b$/)
    expect(file.includes).toEqual(['/etc/more.conf'])
    expect(settingOf(file.settings, 'mupdate_workers_max')).toBe('99')
    expect(settingOf(file.settings, 'mupdate_server')).toBeUndefined()
  })

  it('reads cyrus.conf: the service that runs mupdate, and its options', () => {
    const file = parseCyrusFile(
      'START {\n  mupdate cmd="no"\n}\nSERVICES {\n  imap cmd="imapd" listen="imap"\n # mupdate cmd="old"\n  mu cmd="/usr/lib/cyrus/bin/mupdate -m" listen="3905" prefork=1 maxfds=4096\n}\n',
      'cyrus.conf',
    )
    if (file.kind !== 'services') throw new Error(file.kind)
    expect(mupdateService(file.services)).toMatchObject({
      name: 'mu',
      options: { maxfds: '4096', prefork: '1', listen: '3905' },
    })
  })

  it.each([
    ['mupdate_config: unified\n', true],
    ['mupdate_config: standard\n', false],
    ['SERVICES {\n mupdate cmd="mupdate" listen="3905"\n}\n', true],
    ['SERVICES {\n mupdate cmd="mupdate -m" listen="3905"\n}\n', false],
    ['SERVICES {\n imap cmd="imapd"\n}\n', false],
  ])('%j is of a unified murder: %s', (text, is) => {
    expect(isUnified([parseCyrusFile(text, 'f')])).toBe(is)
  })

  it('reads times with and without a unit', () => {
    expect([settingMs('20', 'd'), settingMs('30s', 'd'), settingMs('2m', 'd')]).toEqual([20_000, 30_000, 120_000])
    for (const bad of ['0', '1', 'x', '-3', '']) expect(() => settingMs(bad, 'd'), bad).toThrow(/d: .* is not a time/)
  })
})

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function count(text: string, size = 7) {
  return countDump(inPieces(Buffer.from(text, 'latin1'), size), 'dump')
}

const RECORDS = [
  { name: 'user.a', location: 'be1!default', acl: 'a\tlrs\tanyone\tp\t', state: 'active' as const },
  { name: 'user.a.W"eird {name', location: 'be1!default', acl: 'a\tlrs\t', state: 'active' as const },
  { name: 'user.b', location: 'be2!p', acl: '', state: 'reserved' as const },
]

describe('a dump', () => {
  it.each([
    { form: '3.6', format: 'json', bytes: Buffer.concat([...written('json', RECORDS)]) },
    { form: '2.4', format: 'text', bytes: Buffer.concat([...written('text', RECORDS)]) },
  ])('of $form, in pieces of any size', async ({ format, bytes }) => {
    for (const size of [1, 2, 3, 64, bytes.length]) {
      const { servers, ...rest } = await countDump(inPieces(bytes, size), 'dump')
      expect(rest).toEqual({ format, mailboxes: 3, tombstones: 0, unknown: 0 })
      expect([...servers]).toEqual([
        ['be1', 2],
        ['be2', 1],
      ])
    }
  })

  it.each([
    { form: '2.2', text: 'user.a\tdefault\ta\tlrs\t\nuser.b\tp2\t\n', mailboxes: 2, tombstones: 0 },
    { form: '2.3.7', text: 'user.a\t0 default\ta\tlrs\t\n', mailboxes: 1, tombstones: 0 },
    {
      form: '3.4, with a tombstone',
      text: 'user.a\t0 default a\tlrs\t\nuser.b\t16 default a\tlrs\t\n',
      mailboxes: 1,
      tombstones: 1,
    },
    { form: '3.4, remote and reserved', text: 'user.a b\t3 be1!default a\tlrs\t\n', mailboxes: 1, tombstones: 0 },
    {
      form: 'no last line end, CRLF',
      text: 'user.a\t1 be1!p a\tl\t\r\nuser.b\t1 be1!p a\tl\t',
      mailboxes: 2,
      tombstones: 0,
    },
    {
      form: '3.8, tombstones, and an ACL that looks like one',
      text: '{\n"user.a": {"mbtype": "e", "partition": "default", "acl": {"\\"mbtype\\": \\"d": "lrs"}},\n"user.b": {"mbtype": "ed", "partition": "default"}\n}\n',
      mailboxes: 1,
      tombstones: 1,
    },
    {
      form: 'the first on the brace’s line',
      text: '{"user.a": {"mbtype": "e"},\n"user.b": {"mbtype": "e"}\n}',
      mailboxes: 2,
      tombstones: 0,
    },
  ])('of $form', async ({ text, mailboxes, tombstones }) => {
    expect(await count(text)).toMatchObject({ mailboxes, tombstones, unknown: 0 })
  })

  it('counts lines that are none, and refuses what has none', async () => {
    expect(await count('user.a\tdefault\t\nwhat\n')).toMatchObject({ mailboxes: 1, unknown: 1 })
    await expect(count('From: somebody\n')).rejects.toThrow(/dump: no line of it is a mailbox/)
    await expect(count('')).rejects.toThrow(/no line of it/)
  })

  it.each([
    { form: 'a line', text: '{"user.a":{"mbtype":"e","acl":{"a":"lr"}},"user.b":{"mbtype":"e"}}' },
    {
      form: 'a line each',
      text: '{\n  "user.a": {\n    "mbtype": "e",\n    "acl": {\n      "a": "lr"\n    }\n  }\n}\n',
    },
  ])('refuses what jq has written anew: $form', async ({ text }) => {
    await expect(count(text)).rejects.toThrow(/dump: not one mailbox a line/)
  })
})

describe('counters of a backend', () => {
  const TEXT = `# HELP cyrus_imap_create_total The total number of IMAP CREATEs
# TYPE cyrus_imap_create_total counter
cyrus_imap_create_total{service="imap"} 12 1700000000000
cyrus_imap_create_total{service="imaps"} 30 1700000000000
cyrus_imap_setacl_total{service="imap"} 5
cyrus_imap_delete_total 2
cyrus_imap_select_total{service="imap"} 99999
`

  it('are added up over services', () => {
    expect(parseCounters(TEXT, 'p')).toEqual({ creates: 42, others: 7, atMs: 1_700_000_000_000 })
    expect(() => parseCounters('cyrus_imap_select_total 3\n', 'p')).toThrow(/p: no counters of a Cyrus backend/)
  })

  it('give rates, and not where they went back', () => {
    const of = (creates: number, others: number): Counters => ({ creates, others })
    expect(ratesOf(of(10, 5), of(110, 25), 100, 'p')).toEqual({ createsPerSecond: 1, otherChangesPerSecond: 0.2 })
    expect(() => ratesOf(of(10, 5), of(9, 5), 100, 'p')).toThrow(/restarted/)
    for (const seconds of [-100, 0, 59])
      expect(() => ratesOf(of(1, 1), of(9, 5), seconds, 'p'), `${seconds}`).toThrow(/^p: /)
  })

  it('are as far apart as their own stamps say, whatever is copied when', () => {
    const at = (atMs?: number): Counters => ({ creates: 0, others: 0, ...(atMs === undefined ? {} : { atMs }) })
    expect(secondsBetween(at(1_000), at(3_601_000), 2)).toBe(3600)
    expect(secondsBetween(at(), at(3_601_000), 2)).toBe(2)
    expect(parseCounters(`${TEXT}cyrus_imap_select_total 1 1700000009000\n`, 'p').atMs).toBe(1_700_000_009_000)
  })
})

describe('a diagnosis', () => {
  const DIAGNOSIS = {
    schema: 'mupdate-bench/diagnosis/1',
    from: '2026-11-24T08:00:00Z',
    to: '2026-11-25T08:00:00Z',
    listHoldMs: { low: 0, likely: 2900, high: 3600, lists: 40 },
    retryDelayS: { low: 20, likely: 20, high: 20, source: 'retries' },
    frontends: [
      { merge: { medianMs: 8200, count: 3, maxMs: 1 }, resyncs: [1, 2, 3] },
      { merge: null, resyncs: [] },
    ],
    timeouts: [1, 2],
    errorMs: 1000,
    more: 'than we take',
  }

  it('gives the site’s own times, and what happened', () => {
    const facts = diagnosisFacts(DIAGNOSIS, 'd.json')
    const values = Object.fromEntries([...facts].map(([key, { value }]) => [key, value]))
    expect(values).toEqual({
      'measured.from':
        'diagnose, 2026-11-24 to 2026-11-25, of 2 frontends’ logs; waiting for lists of others may be in it',
      'measured.timeouts': 2,
      'measured.resyncs': 3,
      'measured.listSeconds.low': 0.001,
      'measured.listSeconds.likely': 2.9,
      'measured.listSeconds.high': 3.6,
      'measured.mergeSeconds.low': 7.2,
      'measured.mergeSeconds.likely': 8.2,
      'measured.mergeSeconds.high': 9.2,
      'slaves.retryDelay': '20s',
    })
    expect(facts.get('measured.listSeconds.high')!.from).toBe('d.json, of 40 whole lists, of 2 frontends’ logs')
  })

  it('takes no default for a finding, and nothing for a list that nobody saw', () => {
    const retryDelayS = { low: 20, likely: 20, high: 20, source: 'default, no retry seen' }
    const facts = diagnosisFacts({ ...DIAGNOSIS, retryDelayS, listHoldMs: null }, 'd.json')
    expect([...facts.keys()].filter(key => /retryDelay|listSeconds/.test(key))).toEqual([])
  })

  it.each([
    { low: 13.5, high: 20, source: 'retries', value: '13.5s', from: 'd.json: retries, 13.5 to 20 s' },
    { low: 0.4, high: 20, source: 'retries', value: '2s', from: 'd.json: retries, 0.4 to 20 s' },
    { low: 18, high: 20, source: 'given', value: '19s', from: 'd.json: given' },
  ])('takes the shortest retry delay that fits: $source, from $low s', ({ value, from, ...seen }) => {
    const facts = diagnosisFacts({ ...DIAGNOSIS, retryDelayS: { likely: 19, ...seen } }, 'd.json')
    expect(facts.get('slaves.retryDelay')).toMatchObject({ value, from })
  })

  it('says what is wrong with another file', () => {
    expect(() => diagnosisFacts({ schema: 'mupdate-bench/trend/1' }, 'd.json')).toThrow(/d\.json: schema/)
  })
})

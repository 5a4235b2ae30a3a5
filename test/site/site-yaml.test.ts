import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { type CyrusFile, parseCyrusFile } from '../../src/site/cyrus-files.js'
import {
  delay,
  type Fact,
  type FactKey,
  type Facts,
  missing,
  positive,
  requireAll,
  wholeNumber,
} from '../../src/site/facts.js'
import {
  backendFacts,
  dumpFacts,
  dumpWarnings,
  frontendFacts,
  masterFacts,
  withAllUnified,
  withBackendsDelay,
} from '../../src/site/gather.js'
import { readSite } from '../../src/site/read-site.js'
import { siteYaml } from '../../src/site/site-yaml.js'

const file = (text: string, path = 'imapd.conf') => parseCyrusFile(text, path)
const saidOf = (facts: Facts, key: FactKey) => facts.get(key)?.value

function dumpOf(path: string, day: string, mailboxes: number, tombstones = 0) {
  const count = { format: 'text' as const, mailboxes, tombstones, servers: new Map([['be1', mailboxes]]), unknown: 0 }
  return { path, day, dayFrom: 'as given', count }
}

describe('what files say', () => {
  it('has the master’s settings, Cyrus’s defaults said to be such', () => {
    const facts = masterFacts(
      [file('mupdate_workers_max: 70\nmboxlist_db: skiplist\nconfigdirectory: /dev/shm/imap\n')],
      false,
    )
    expect(facts.get('master.settings.mupdate_workers_max')).toEqual({ value: 70, from: 'imapd.conf' })
    expect(facts.get('master.settings.mupdate_connections_max')).toEqual({
      value: 128,
      from: 'Cyrus’s default, not set in imapd.conf',
    })
    expect(facts.get('master.database')?.value).toBe('skiplist')
    expect(facts.get('master.place')?.value).toBe('tmpfs')
    expect(masterFacts([], false).size).toBe(0)
    expect(() => masterFacts([file('mupdate_workers_max: many\n')], false)).toThrow(/mupdate_workers_max: many/)
  })

  it('has maxfds, and where it is absent its default', () => {
    const of = (more: string) =>
      masterFacts([file(`SERVICES {\n mupdate cmd="mupdate -m"${more}\n}\n`, 'cyrus.conf')], false)
    expect(of(' maxfds=1024').get('master.maxfds')?.value).toBe(1024)
    expect(of('').get('master.maxfds')).toMatchObject({ value: 256, from: expect.stringContaining('default') })
  })

  it('has the shortest retry delay of the frontends; one file is an example, many are counted', () => {
    const one = frontendFacts([file('mupdate_retry_delay: 30\n')], false)
    expect([saidOf(one, 'slaves.retryDelay'), saidOf(one, 'slaves.frontends')]).toEqual(['30s', undefined])
    const many = frontendFacts([file('mupdate_retry_delay: 30\n'), file('mupdate_retry_delay: 10\n', 'fe2')], false)
    expect([saidOf(many, 'slaves.retryDelay'), saidOf(many, 'slaves.frontends')]).toEqual(['10s', 2])
    const mixed = frontendFacts([file('mupdate_retry_delay: 30\n'), file('servername: x\n', 'fe2')], false)
    expect(saidOf(mixed, 'slaves.retryDelay')).toBe('20s')
    expect(saidOf(frontendFacts([], true), 'slaves.retryDelay')).toBe('20s')
    expect(frontendFacts([], false).size).toBe(0)
  })

  it('has the delay of backends that are slaves, where theirs is shorter, or nobody else is one', () => {
    const backend = (delay: number) => [file(`mupdate_config: unified\nmupdate_retry_delay: ${delay}\n`, 'be1')]
    const of = (frontends: number, known: string | undefined, delay: number) => {
      const facts: Facts = new Map<FactKey, Fact>([['slaves.frontends', { value: frontends, from: 'x' }]])
      if (known !== undefined) facts.set('slaves.retryDelay', { value: known, from: 'x' })
      return saidOf(withBackendsDelay(facts, backend(delay)), 'slaves.retryDelay')
    }
    expect([of(12, '20s', 60), of(12, '20s', 9), of(0, undefined, 60), of(12, undefined, 60)]).toEqual([
      '20s',
      '9s',
      '60s',
      undefined,
    ])
    expect(withBackendsDelay(new Map(), [file('servername: x\n')]).size).toBe(0)
    expect(saidOf(frontendFacts([file('mupdate_retry_delay: 60\n')], true), 'slaves.retryDelay')).toBe('20s')
  })

  it('of a master may be several; the last that sets something counts', () => {
    const [one, two] = [file('mupdate_workers_max: 70\n', 'a'), file('mupdate_workers_max: 80\nservername: m\n', 'b')]
    const facts = masterFacts([one, two], false)
    expect(facts.get('master.settings.mupdate_workers_max')).toEqual({ value: 80, from: 'b' })
    expect(facts.get('master.settings.mupdate_connections_max')!.from).toBe('Cyrus’s default, not set in a and b')
  })

  it('recognises a unified murder, by one of its backends', () => {
    const unified = file('mupdate_config: unified\n', 'be1')
    const all = (files: CyrusFile[]) =>
      withAllUnified(
        new Map([...backendFacts(files, [], 9), ['backends', { value: 9, from: 'dump' }] as [FactKey, Fact]]),
        files,
      )
    const service = file('SERVICES {\n mupdate cmd="mupdate"\n}\n', 'cyrus.conf')
    for (const files of [[unified], [unified, unified], [unified, service], [service]])
      expect(saidOf(all(files), 'slaves.unifiedBackends')).toBe(9)
    expect(saidOf(all([unified, file('servername: b\n')]), 'slaves.unifiedBackends')).toBe(1)
    expect(backendFacts([unified, unified], [], 9).has('backends')).toBe(false)
    expect(saidOf(backendFacts([unified, unified], [], 1), 'backends')).toBe(2)
    expect(saidOf(backendFacts([unified, file('servername: b\n')], []), 'slaves.unifiedBackends')).toBe(1)
    expect(saidOf(backendFacts([file('servername: b\n')], []), 'slaves.unifiedBackends')).toBe(0)
  })

  it('has growth of two dumps, in whichever order they come', () => {
    const [may, november] = [dumpOf('may', '2026-05-01', 400_000), dumpOf('nov', '2026-11-01', 500_000, 7)]
    for (const dumps of [
      [may, november],
      [november, may],
    ]) {
      const facts = dumpFacts(dumps)
      expect([saidOf(facts, 'mailboxes'), saidOf(facts, 'asOf'), saidOf(facts, 'backends')]).toEqual([
        500_000,
        '2026-11-01',
        1,
      ])
      expect(saidOf(facts, 'growthPerDay')).toBe(543.5)
      expect(facts.get('mailboxes')!.from).toContain('7 deleted ones left out')
    }
    expect(() => dumpFacts([may, dumpOf('b', '2026-05-01', 1)])).toThrow(/of the same day/)
    expect(dumpFacts([may]).has('growthPerDay')).toBe(false)
  })
})

it('takes nothing for Cyrus’s default that an include may set', () => {
  const more = (own: string) => file(`${own}\n@include: /etc/more.conf\n`)
  const master = masterFacts([more('mupdate_workers_max: 70')], false)
  expect([...master.keys()]).toEqual(['master.settings.mupdate_workers_max'])
  expect(frontendFacts([more('servername: x')], false).size).toBe(0)
  expect(
    frontendFacts([more('servername: x'), file('mupdate_retry_delay: 30\n')], false).has('slaves.retryDelay'),
  ).toBe(false)
  expect(saidOf(frontendFacts([more('mupdate_retry_delay: 30')], false), 'slaves.retryDelay')).toBe('30s')
  expect(backendFacts([more('servername: x')], []).size).toBe(0)
  expect(saidOf(backendFacts([more('mupdate_config: standard')], []), 'slaves.unifiedBackends')).toBe(0)
})

it('reads includes that are there, in their place, each once on its way', () => {
  const files: Record<string, string> = { '/a': 'b: 2\n@include: /b\n', '/b': '@include: /a\nc: 3\n' }
  expect(parseCyrusFile('a: 1\n @include: /a \nb: 4\n@include: c\n', 'own', path => files[path])).toEqual({
    kind: 'settings',
    path: 'own',
    settings: { a: '1', b: '4', c: '3' },
    origins: { a: 'own', b: 'own', c: '/b' },
    includes: ['/a', 'c'],
  })
  const over = parseCyrusFile('servername: x\nb: 4\n@include: /a\n', 'own', path => files[path])
  expect(over).toMatchObject({ settings: { b: '2' }, origins: { b: '/a' } })
})

it('says which file a setting is from that an include has', () => {
  const included = `mupdate_workers_max: 70
mboxlist_db: skiplist
configdirectory: /run/cyrus/
mupdate_retry_delay: 30
mupdate_config: unified
mupdate_mupdate_connections_max: 200
`
  const own = parseCyrusFile('@include: /more\nmupdate_workers_start: 6\n', 'imapd.conf', () => included)
  const facts = new Map([...masterFacts([own], false), ...frontendFacts([own], false), ...backendFacts([own], [])])
  const from = '/more, which imapd.conf includes'
  expect(facts.get('master.settings.mupdate_workers_max')).toEqual({ value: 70, from })
  expect(facts.get('master.settings.mupdate_connections_max')).toEqual({ value: 200, from })
  expect(facts.get('master.settings.mupdate_workers_start')).toEqual({ value: 6, from: 'imapd.conf' })
  expect(facts.get('master.database')?.from).toBe(from)
  expect(facts.get('master.place')?.from).toBe(`${from}: /run/cyrus/`)
  expect(facts.get('slaves.retryDelay')).toEqual({ value: '30s', from })
  expect(facts.get('slaves.unifiedBackends')?.from).toMatch(`${from}: a unified murder`)
  const bad = parseCyrusFile('@include: /more\n', 'imapd.conf', () => 'mupdate_workers_max: many\n')
  expect(() => masterFacts([bad], false)).toThrow(/^\/more, which imapd\.conf includes: mupdate_workers_max: many/)
})

it('doubts a dump that names no server', () => {
  const whole = dumpOf('nov', '2026-11-01', 500)
  const one = { ...whole, count: { ...whole.count, servers: new Map<string, number>() } }
  expect(dumpFacts([one]).get('mailboxes')!.from).toContain('names no server')
  expect(dumpWarnings([one, whole])).toEqual([expect.stringMatching(/^nov names no server.*the whole murder\?$/)])
  expect(dumpFacts([whole]).get('mailboxes')!.from).not.toContain('names no server')
})

describe('questions', () => {
  it('are asked for what is missing alone, and listed with their flags', () => {
    const facts: Facts = new Map([['mailboxes', { value: 1, from: '' }]])
    expect(missing(facts, true).map(({ key }) => key)).not.toContain('mailboxes')
    expect(() => requireAll(facts)).toThrow(/frontends.*--frontends N.*mupdate_retry_delay.*--retry-delay/s)
  })

  it('reads numbers as people write them', () => {
    expect(['12', '500k', '500,000', '2M', '1_000'].map(wholeNumber)).toEqual([12, 500_000, 500_000, 2_000_000, 1000])
    for (const bad of ['', '0', '-1', '1.5', 'x']) expect(() => wholeNumber(bad), bad).toThrow(/not a whole number/)
    expect(['0', '0.4', '5e3'].map(positive)).toEqual([0, 0.4, 5000])
    for (const bad of ['', '-1', 'x', 'Infinity']) expect(() => positive(bad), bad).toThrow(/not a number/)
    expect(['20', '20s', '2m'].map(delay)).toEqual(['20s', '20s', '120s'])
    for (const bad of ['', '0', '1', '1500ms', 'x']) expect(() => delay(bad), bad).toThrow()
  })
})

const KNOWN: [FactKey, Fact][] = [
  ['asOf', { value: '2026-11-28', from: 'the day' }],
  ['mailboxes', { value: 500_000, from: 'dump.gz, # of 600,000\nlines: more' }],
  ['slaves.frontends', { value: 12, from: '--frontends' }],
  ['slaves.retryDelay', { value: '20s', from: 'fe.conf' }],
  ['master.settings.mupdate_workers_max', { value: 50, from: 'imapd.conf' }],
]

describe('site.yaml', () => {
  const text = siteYaml(new Map(KNOWN), 'made by a test')

  it('has each value with where it came from, and null for what nobody knows', () => {
    expect(text).toMatch(/^# made by a test\n/)
    expect(text).toContain('mailboxes: 500000 # dump.gz, # of 600,000 lines: more\n')
    expect(text).toContain('    mupdate_workers_max: 50 # imapd.conf\n')
    expect(text).toContain('growthPerDay: null # unknown\n')
  })

  it('is read again as it was written', () => {
    const site = readSite(text, 'site.yaml')
    expect(site).toMatchObject({ mailboxes: 500_000, slaves: { frontends: 12, retryDelay: 20_000 }, measured: null })
    expect(site.master.settings).toEqual({ mupdate_workers_max: '50' })
  })

  it.each([
    { change: ['mailboxes: 500000', 'mailboxes: many'], says: /^s\.yaml:\d+:12: mailboxes: / },
    { change: ['retryDelay: 20s', 'retryDelay: soon'], says: /slaves\.retryDelay: "soon" is not a duration/ },
    ...['0', '-5', '1s'].map(bad => ({
      change: ['retryDelay: 20s', `retryDelay: ${bad}`],
      says: /^s\.yaml:\d+:15: slaves\.retryDelay: give 2 s or more/,
    })),
    ...['2026-13-45', '2026-02-30'].map(bad => ({
      change: ['asOf: 2026-11-28', `asOf: ${bad}`],
      says: /^s\.yaml:\d+:7: asOf: the calendar has no such day/,
    })),
    { change: ['mupdate_workers_max: 50', 'mupdate_worker_max: 50'], says: /^s\.yaml:\d+:\d+: .*no such setting/ },
    ...['many', '5.5', '0', '"50 "'].map(bad => ({
      change: ['mupdate_workers_max: 50', `mupdate_workers_max: ${bad}`],
      says: /^s\.yaml:\d+:\d+: master\.settings\.mupdate_workers_max: .* is not a whole number/,
    })),
    {
      change: ['frontends: 12', 'frontend: 12'],
      says: /^s\.yaml:\d+:3: slaves: unknown key "frontend"; did you mean "frontends"\?/m,
    },
    {
      change: ['mailboxes: 500000', 'mailboxs: 500000'],
      says: /^s\.yaml:\d+:1: the file: unknown key "mailboxs"; did you mean "mailboxes"\?/m,
    },
    { change: ['slaves:\n', 'slaves: { frontends }\nrest:\n'], says: /^s\.yaml:\d+:11: slaves\.frontends: /m },
    { change: ['mailboxes: 500000', ''], says: /^s\.yaml:3:1: mailboxes: / },
    { change: ['growthPerDay: null', 'growthPerDay: [1'], says: /s\.yaml:\d+:\d+: / },
    { change: ['site/1', 'site/2'], says: /schema: / },
  ])('says where $change.1 is wrong', ({ change, says }) => {
    const [from, to] = change as [string, string]
    expect(text).toContain(from)
    expect(() => readSite(text.replace(from, to), 's.yaml')).toThrow(says)
  })

  it('takes other lines of imapd.conf, a service’s own too', () => {
    const more = 'mupdate_server: mu\n    servername: x\n    mupdate_mupdate_workers_max: 60'
    const site = readSite(text.replace('mupdate_workers_max: 50', more), 's.yaml')
    expect(Object.keys(site.master.settings)).toEqual(['mupdate_server', 'servername', 'mupdate_mupdate_workers_max'])
  })

  it('is plain YAML', () => expect(parse(text)).toMatchObject({ schema: 'mupdate-bench/site/1' }))
})

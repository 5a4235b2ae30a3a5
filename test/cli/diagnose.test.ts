import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diagnosisResultSchema } from '../../src/metrics/diagnosis-result.js'
import { MAIN, Workbench } from './bench.js'

const bench = new Workbench()
afterAll(() => bench.remove())

const path = (name: string) => join(bench.directory, name)
const FE1 = `\
Nov 28 02:40:00 fe1 cyrus/mupdate[11]: successful mupdate connection to mup
Nov 28 02:40:00 fe1 cyrus/mupdate[11]: scarfing mailbox list from master mupdate server
Nov 28 02:40:30 fe1 cyrus/imap[99]: login: [10.0.0.2] <b>joe</b> plaintext User logged in
Nov 28 02:41:00 fe1 cyrus/mupdate[11]: unready for connections
Nov 28 02:41:00 fe1 cyrus/mupdate[11]: synchronizing mailbox list with master mupdate server
Nov 28 02:41:09 fe1 cyrus/mupdate[11]: mailbox list synchronization complete
Nov 28 02:41:10 fe1 cyrus/mupdate[11]: <b>what</b> is this
`
const FE2 =
  FE1.replaceAll('fe1', 'fe2').replaceAll('02:4', '01:4') +
  `\
Nov 28 02:40:50 fe2 cyrus/mupdate[11]: connection to master timed out.
Nov 28 02:40:50 fe2 cyrus/mupdate[11]: retrying connection to mupdate server in 23 seconds
`

beforeAll(() => {
  writeFileSync(path('fe1.log'), FE1)
  writeFileSync(path('fe2.log.gz'), gzipSync(FE2))
  writeFileSync(path('other.log'), 'Nov 28 02:40:30 fe1 cyrus/imap[99]: login\n')
  writeFileSync(path('odd.log'), 'mupdate said something on Tuesday\n')
  writeFileSync(path('old.log.xz'), Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0, 0]))
  writeFileSync(path('torn.log.gz'), gzipSync(FE2.repeat(50)).subarray(0, 200))
  mkdirSync(path('logs'))
  const read = new Date('2026-11-28T12:00:00')
  for (const name of ['fe1.log', 'fe2.log.gz']) utimesSync(path(name), read, read)
})

describe('diagnose', () => {
  it('reads files, packed ones too, and says what they say as --json', async () => {
    const { status, stdout, stderr } = await bench.bench(['diagnose', 'fe1.log', 'fe2.log.gz', '--json'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { frontends, timeouts, sources } = diagnosisResultSchema.parse(JSON.parse(stdout))
    expect(frontends.map(({ name, list, merge }) => [name, list?.maxMs, merge?.maxMs])).toEqual([
      ['fe1', 60_000, 9000],
      ['fe2', 60_000, 9000],
    ])
    expect(timeouts).toMatchObject([{ frontend: 'fe2', generation: 1, during: [{ frontend: 'fe1' }] }])
    expect(sources).toMatchObject([{ lines: 7, mupdateLines: 6, year: 'from the file’s time' }, { name: 'fe2.log.gz' }])
  })

  it('reads standard input', () => {
    const { status, stdout } = spawnSync(process.execPath, [MAIN, 'diagnose', '-', '--year', '2019', '--json'], {
      input: gzipSync(FE2),
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    const { sources, from } = diagnosisResultSchema.parse(JSON.parse(stdout))
    expect(sources).toMatchObject([{ name: '-', year: 'given' }])
    expect(from).toMatch(/^2019-11-2[78]T/)
  })

  it('says in words what is known and what is not', async () => {
    const { stdout } = await bench.bench(['diagnose', 'fe1.log', 'fe2.log.gz'])
    expect(stdout).toContain(
      'No thrash. 1 time-out, 1 of them after other frontends’ lists that were long enough to cause them',
    )
    expect(stdout).toContain('each time between two lines is ±1 s')
    expect(stdout).toMatch(/The year is not in the lines of fe1\.log, fe2\.log\.gz/)
    expect(stdout).toMatch(/^fe2 +[ █▒─]+!/m)
    expect(stdout).toContain('2 × mupdate: "…"what"…" is this')
  })

  it('keeps what a stranger put into a log from steering the terminal', async () => {
    writeFileSync(path('nasty.log'), `${FE1}Nov 28 02:41:11 fe1\x1b]0;x\x07 cyrus/mupdate[11]: \x1b[2Jgone \u009b2J\n`)
    const { stdout } = await bench.bench(['diagnose', 'fe1.log', 'nasty.log'])
    expect(stdout).toContain('gone')
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
  })

  it('makes a page that needs nothing, with a picture and no markup of the log’s', async () => {
    const { status, stdout } = await bench.bench(['diagnose', 'fe1.log', 'fe2.log.gz', '-f', 'html'])
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'diagnosis.html\n' })
    const html = readFileSync(path('diagnosis.html'), 'utf8')
    expect(html).toContain('<svg class="plot timeline"')
    expect(html).toContain('class="timeout"')
    expect(html).not.toMatch(/<b>|<script|https?:\/\/(?!www\.w3\.org)/)
  })

  it('makes Markdown, to a file', async () => {
    expect(await bench.bench(['diagnose', 'fe1.log', '-f', 'markdown', '-o', 'it.md'])).toMatchObject({
      status: 0,
      stdout: '',
    })
    expect(readFileSync(path('it.md'), 'utf8')).toMatch(/^## No thrash\..*\n[\s\S]*\| fe1 \| 1 \| 0 \|/)
  })

  it.each([
    [6, ['other.log'], 'no line of mupdate’s in 1 lines: none names it'],
    [6, ['odd.log'], '1 name it, in no format or under no identifier that is known here'],
    [2, ['nowhere.log'], 'cannot read nowhere.log'],
    [2, ['logs'], 'logs is a folder'],
    [2, ['old.log.xz'], 'xzcat old.log.xz | mupdate-bench diagnose -'],
    [2, ['torn.log.gz'], 'cannot read torn.log.gz'],
    [2, ['fe1.log', '--year', '26'], '--year 26: not a year'],
    [2, ['fe1.log', '--retry-delay', '1s'], '--retry-delay 1s: not possible'],
  ])('exits %i for %j', async (wanted, args, text) => {
    const { status, stdout, stderr } = await bench.bench(['diagnose', ...args])
    expect({ status, stdout }).toEqual({ status: wanted, stdout: '' })
    expect(stderr).toContain(text)
  })
})

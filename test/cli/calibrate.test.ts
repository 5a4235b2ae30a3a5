import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { calibrationSchema } from '../../src/masters/model/calibration.js'
import { commandOf, descendants, type Started, Workbench } from './bench.js'
import { SomebodysMaster } from './somebodys-master.js'

let workbench: Workbench

beforeEach(() => {
  workbench = new Workbench()
})

afterEach(() => workbench.remove())

describe('mupdate-bench calibrate refuses, with exit 2 and before anything is started,', () => {
  it.each([
    { what: 'no master', args: [], says: /missing required argument 'master'/ },
    { what: 'the embedded master', args: ['embedded'], says: /no costs of its own/ },
    { what: 'a model', args: ['embedded:cyrus'], says: /no costs of its own/ },
    { what: 'a model of a file', args: ['embedded:costs.json'], says: /no costs of its own/ },
    { what: 'an unknown master', args: ['cyrusses'], says: /no such master/ },
    { what: 'too few mailboxes', args: ['cyrus', '--mailboxes', '10'], says: /from 1000 to/ },
    { what: 'half a mailbox', args: ['cyrus', '--mailboxes', '2000.5'], says: /whole number/ },
    { what: 'settings of others', args: ['cyrus', '--set', 'slaves.count=3'], says: /no setting of the master/ },
    { what: 'an unknown setting', args: ['cyrus', '--set', 'master.plaice=disk'], says: /did you mean "place"/ },
    { what: 'a folder that is not there', args: ['cyrus', '-o', 'none/x.json'], says: /cannot write to none\/x\.json/ },
    { what: 'a folder as a file', args: ['cyrus', '-o', '.'], says: /it is a directory/ },
    {
      what: 'settings of a remote master',
      args: ['mupdate://a@127.0.0.1:39050', '--set', 'master.place=disk'],
      says: /a remote master is as it is/,
    },
    { what: 'another host', args: ['mupdate://a@192.0.2.1'], says: /hold[\s\S]*add --allow-load 192\.0\.2\.1/ },
    {
      what: 'to change mailboxes of another host',
      args: ['mupdate://a@192.0.2.1', '--allow-load', '192.0.2.1'],
      says: /add --allow-mutations 192\.0\.2\.1/,
    },
    { what: 'the usual port of this one', args: ['mupdate://a@127.0.0.1'], says: /MUPDATE’s own port/ },
  ])('$what', async ({ args, says }) => {
    const { status, stderr, stdout } = await workbench.bench(['calibrate', ...args], { MUPDATE_BENCH_PASSWORD: 'x' })
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})

describe('on somebody’s master', () => {
  const master = new SomebodysMaster()

  const mailboxes = () => master.mailboxes()

  /** A calibration that has made its mailboxes. */
  async function begun(output: string): Promise<Started> {
    const run = workbench.start(['calibrate', master.url, '--mailboxes', '1000', '-o', output], master.env)
    await new Promise<void>(resolve =>
      run.child.stderr!.on('data', text => {
        if (String(text).includes('new connections')) resolve()
      }),
    )
    return run
  }

  it('it says first what it will do, writes the file to stdout, and removes all it made', async () => {
    const { status, stdout, stderr } = await workbench.bench(
      ['calibrate', master.url, '--mailboxes', '1000', '-o', '-'],
      master.env,
    )
    expect(stderr).toMatch(/^will create 1,000 mailboxes, and delete them afterwards/)
    expect(stderr).toMatch(/dumpPerMailbox/)
    expect(calibrationSchema.parse(JSON.parse(stdout))).toMatchObject({ mailboxes: 1000, mergePerMailbox: null })
    expect(await mailboxes()).toBe(0)
    expect(status).toBe(0)
  })

  it('interrupted, it removes what it made, and writes nothing', async () => {
    writeFileSync(join(workbench.directory, 'here.json'), 'mine')
    const run = await begun('here.json')
    await sleep(50)
    expect(await mailboxes()).toBe(1000)
    run.child.kill('SIGINT')
    const { status, stderr } = await run.ended
    expect(stderr).toMatch(/interrupted: nothing was written/)
    expect(await mailboxes()).toBe(0)
    expect(status).toBe(130)
    expect(readFileSync(join(workbench.directory, 'here.json'), 'utf8')).toBe('mine')
    expect(readdirSync(workbench.directory).filter(name => name.startsWith('calibration'))).toEqual([])
  })

  it('interrupted twice, it leaves at once', async () => {
    const run = await begun('here.json')
    const pid = descendants(process.pid).find(child => commandOf(child).includes('masters/embedded/process.js'))!
    process.kill(pid, 'SIGSTOP')
    try {
      run.child.kill('SIGINT')
      await sleep(200)
      run.child.kill('SIGINT')
      const { status, stderr } = await run.ended
      expect(stderr).toMatch(/its mailboxes stay/)
      expect(status).toBe(130)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })

  it('killed, it leaves a journal, with which cleanup removes what it made', async () => {
    const run = await begun('here.json')
    run.child.kill('SIGKILL')
    await run.ended
    expect(await mailboxes()).toBe(1000)
    const journal = readdirSync(workbench.directory).find(name => name.endsWith('.journal'))!
    const wrong = await workbench.bench(['cleanup', journal, '--master', 'mupdate://a@127.0.0.1:1'], master.env)
    expect(wrong.stderr).toContain('give the master that it was on')
    expect(wrong.status).toBe(2)
    const { status, stdout } = await workbench.bench(['cleanup', journal, '--master', master.url], master.env)
    expect(stdout).toMatch(/^\d,\d+ names checked, 1,000 deleted|^\d+ names checked, 1000 deleted/)
    expect(status).toBe(0)
    expect(await mailboxes()).toBe(0)
    expect(readdirSync(workbench.directory)).not.toContain(journal)
  })

  it('it prints what it can write nowhere', async () => {
    const place = join(workbench.directory, 'place')
    mkdirSync(place)
    const run = await begun('place/here.json')
    rmSync(place, { recursive: true })
    const { status, stdout, stderr } = await run.ended
    expect(stderr).toMatch(/cannot write to place\/here\.json/)
    expect(calibrationSchema.parse(JSON.parse(stdout))).toMatchObject({ mailboxes: 1000 })
    expect(status).toBe(2)
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DIRECTORY_PREFIX } from '../../src/masters/cyrus/leftovers.js'
import { processesOf } from '../../src/masters/cyrus/processes.js'
import { runResultSchema } from '../../src/metrics/run-result.js'
import { alive, commandOf, descendants, type Started, until, Workbench } from '../cli/bench.js'

let workbench: Workbench

beforeEach(() => {
  workbench = new Workbench()
})

afterEach(() => {
  workbench.remove()
})

interface OwnCyrus {
  readonly mupdate: number
  readonly directory: string
  /** All that the run has started. */
  readonly processes: readonly number[]
}

function mupdateBelow(run: Started): number | undefined {
  return descendants(run.pid).find(pid => commOf(pid) === 'mupdate')
}

function commOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** The Cyrus of this run alone: others may run on this host. */
async function cyrusOf(run: Started): Promise<OwnCyrus> {
  let found: OwnCyrus | undefined
  await until(
    'a mupdate process below the harness',
    () => {
      const processes = descendants(run.pid)
      const mupdate = mupdateBelow(run)
      const commands = processes.map(commandOf).join('\n')
      const directory = new RegExp(`/\\S*/${DIRECTORY_PREFIX}[0-9a-f]+`).exec(commands)?.[0]
      if (mupdate !== undefined && directory !== undefined) found = { mupdate, directory, processes }
      return found !== undefined
    },
    30_000,
  )
  return found!
}

async function expectNothingLeft({ directory, processes, mupdate }: OwnCyrus): Promise<void> {
  await until('the directory gone', () => !existsSync(directory))
  await until('the processes gone', () => ![mupdate, ...processes].some(alive))
  expect(processesOf(directory)).toEqual([])
}

function start(args: readonly string[]): Started {
  return workbench.start(['run', 'smoke', '--master', 'cyrus', '--out', workbench.out, ...args])
}

/** Again where the run says itself (exit 5) that this busy machine was the limit. */
async function runToItsEnd(args: readonly string[]) {
  for (let attempt = 1; ; attempt++) {
    const run = start(args)
    const cyrus = await cyrusOf(run)
    const ended = await run.ended
    await expectNothingLeft(cyrus)
    if (ended.status !== 5 || attempt === 3) return { ...ended, cyrus }
  }
}

describe('a run on a real Cyrus', () => {
  it('passes, measures the real process, and leaves nothing', async () => {
    const { status, stdout, stderr } = await runToItsEnd(['--json'])
    expect(status, stderr).toBe(0)
    const { master, verdict, total, slaves } = runResultSchema.parse(JSON.parse(stdout))
    expect(verdict.result).toBe('pass')
    expect(master).toMatchObject({ kind: 'cyrus', restarts: 0, mailboxDatabase: expect.stringContaining('tmpfs') })
    expect(master.version).toMatch(/^\d+\.\d+\.\d+$/)
    for (const [name, value] of Object.entries(master.cpu)) expect(value, name).not.toBeNull()
    expect(master.cpu.meanCores).toBeGreaterThan(0)
    expect(master.rssPeakBytes).toBeGreaterThan(1e6)
    expect(master.threadsPeak).toBeGreaterThan(1)
    expect(master.threads.length).toBeGreaterThan(1)
    expect(Object.keys(master.binaries).some(path => path.endsWith('/mupdate'))).toBe(true)
    expect(total.commands.ACTIVATE!.count).toBeGreaterThanOrEqual(2000)
    expect(total.commands.ACTIVATE!.failed).toBe(0)
    expect(slaves).toMatchObject({ count: 4, streaming: 4, timeouts: 0 })
  })

  it('goes on when mupdate is killed, and says so, and what was unanswered then', async () => {
    const deleting = ['--set', 'backends.connection=kept', '--set', 'backends.mix={ create: 1, delete: 1 }']
    const run = start(['--set', 'phases.2.duration=8s', ...deleting])
    const cyrus = await cyrusOf(run)
    await workbench.inPhase('steady', 'smoke')
    await sleep(500)
    // So that DELETEs are on their way.
    process.kill(cyrus.mupdate, 'SIGSTOP')
    await sleep(500)
    process.kill(cyrus.mupdate, 'SIGKILL')
    const { status, stdout } = await run.ended
    const { master, state, slaves, phases, total, verdict } = workbench.result('smoke')
    // What was late was late because of the master.
    expect(verdict.result, verdict.reasons.join()).not.toBe('invalid')
    expect(status).not.toBe(5)
    expect(state).toBe('ended')
    expect(master.restarts).toBe(1)
    expect(stdout).toContain('the master was restarted 1 time')
    expect(workbench.events('smoke').map(event => event.kind)).toContain('master-restarted')
    expect(workbench.events('smoke').map(event => event.kind)).toContain('connection-lost')
    const condition = slaves.conditions.find(({ name }) => name === 'master-restarted')
    expect(condition!.detail).toMatch(/unanswered when it went: DELETE .+ \(backend \d\).*: a DELETE of a name/)
    expect(phases.map(phase => phase.name)).toEqual(['preload', 'settle', 'steady', 'drain', 'compare'])
    // Each frontend lost it, came back and read the list again.
    expect(slaves).toMatchObject({ count: 4, drops: 4, resyncs: 4, streaming: 4, leastStreaming: 0 })
    expect(total.commands['NOOP.plain']!.count).toBeGreaterThan(300)
    await expectNothingLeft(cyrus)
  })

  it('ends when Cyrus gives mupdate up, and says that it does so after 5 quick failures', async () => {
    const run = start(['--set', 'phases.2.duration=60s'])
    const cyrus = await cyrusOf(run)
    await workbench.inPhase('steady', 'smoke')
    const died = () => workbench.events('smoke').some(event => event.kind === 'master-died')
    for (let killed = 0; !died(); await sleep(50)) {
      const pid = mupdateBelow(run)
      if (pid === undefined || pid === killed) continue
      killed = pid
      process.kill(pid, 'SIGKILL')
    }
    const { status, stdout } = await run.ended
    expect(status).toBe(3)
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /the master was lost and did not come back: .* after 5 quick failures, until a SIGHUP/,
    )
    expect(workbench.result('smoke').phases.at(-1)).toMatchObject({ name: 'steady', ended: 'lost' })
    await expectNothingLeft(cyrus)
  })

  it('leaves nothing when Ctrl-C ends it, or kill -9', async () => {
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const run = start(['--set', 'phases.2.duration=60s'])
      const cyrus = await cyrusOf(run)
      await until('a second of the run', () => readFileSync(`${workbench.folder('smoke')}/series.ndjson`).length > 0)
      run.child.kill(signal)
      const { status } = await run.ended
      if (signal === 'SIGINT') expect(status).toBe(130)
      await expectNothingLeft(cyrus)
    }
  })
})

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RunResult } from '../../src/metrics/run-result.js'
import { Workbench } from '../cli/bench.js'
import { AgentRoll } from '../support/agents.js'

/**
 * Ten lists outlast the two silences of 1 s that a slave bears, be this machine as quick as any: the runs are made one after the
 * other, and it may have less to do at the second than at the first.
 */
const SHORTENED = [
  'site.mailboxes=120000',
  'slaves.retryDelay=1s',
  'phases.2.duration=1s',
  'phases.3.duration=10s',
  'converge=false',
]

let roll: AgentRoll
let bench: Workbench
let alone: RunResult

/** Once more where the harness was the limit, or where it does not begin: on a busy machine a create may come between any two lists, which breaks the slaves' silence. */
async function storm(options: readonly string[]): Promise<RunResult> {
  const args = ['--master', 'cyrus', ...options, ...SHORTENED.flatMap(value => ['--set', value])]
  for (let attempt = 1; ; attempt++) {
    const { status, stdout, stderr } = await bench.startRun(args, {}, 'resync-storm').ended
    const result = bench.result('resync-storm')
    if ((status === 5 || result.slaves.thrash.state === 'none') && attempt < 3) continue
    expect(status, stdout + stderr).toBe(0)
    return result
  }
}

beforeAll(async () => {
  roll = await AgentRoll.open()
  bench = new Workbench()
  alone = await storm(['--workers', '1'])
}, 240_000)
afterEach(() => roll.dismiss())
afterAll(async () => {
  bench.remove()
  await roll.close()
})

/** What does not depend on chance. */
function shown({ slaves, phases, verdict }: RunResult) {
  const { create } = phases.find(({ name }) => name === 'storm')!.operations
  return {
    verdict: verdict.result,
    slaves: slaves.count,
    thrash: slaves.thrash.state,
    trigger: slaves.thrash.trigger,
    creates: create!.count,
  }
}

describe('ten of twenty frontends restarted on a real Cyrus', { timeout: 240_000 }, () => {
  it('thrash to the end, where all are in one thread', () => {
    expect(shown(alone)).toMatchObject({ verdict: 'pass', slaves: 20, thrash: 'sustained' })
    expect(alone.slaves.timeouts).toBeGreaterThan(5)
  })

  it.each([
    { by: '4 threads', workers: 4, agents: 0, options: () => ['--workers', '4'] },
    { by: '4 agents', workers: 5, agents: 4, options: () => roll.at(4) },
  ])('do the same with slaves in $by', async ({ workers, agents, options }) => {
    await roll.start(bench, agents)
    const result = await storm(options())
    expect(result.generator.workers).toBe(workers)
    expect(shown(result), result.verdict.reasons.join()).toEqual(shown(alone))
    // Who is served first, and so how many time out, is chance, and how long a list takes the machine's.
    expect(result.slaves.timeouts).toBeGreaterThan(alone.slaves.timeouts / 4)
    expect(result.slaves.timeouts).toBeLessThan(alone.slaves.timeouts * 4)
    expect(result.slaves.thrash.causedTimeouts).toBeGreaterThan(result.slaves.timeouts / 2)
    expect(result.slaves.thrash.leastReady).toBeLessThanOrEqual(10)
    // Those that waited still when the run ended are among them.
    const { unfinished } = result.phases.find(({ name }) => name === 'storm')!.commands['NOOP.slave']!
    expect(unfinished).toBeGreaterThanOrEqual(result.slaves.timeouts)
  })
})

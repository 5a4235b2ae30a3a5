import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect } from 'vitest'
import { embeddedMaster } from '../../src/masters/embedded/embedded-master.js'
import { until, Workbench } from '../cli/bench.js'
import { AgentRoll } from '../support/agents.js'
import { itWithNamespace, NetworkNamespace } from '../support/network-namespace.js'
import { SHARED } from '../support/shared-work.js'

const LONG = SHARED.replace('rate: 100', 'rate: 20').replace('users: 40', 'users: 400')

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

itWithNamespace()(
  'an agent on another machine whose cable is pulled is lost within seconds: the run is invalid, and the agent waits for another',
  async () => {
    const there = new NetworkNamespace()
    closing.push(() => there.remove())
    const roll = await AgentRoll.open(there.outside)
    closing.push(() => roll.close())
    const master = embeddedMaster({ host: there.outside })
    await master.start()
    closing.push(() => master.stop())
    const bench = new Workbench()
    closing.push(() => bench.remove())
    const elsewhere = new Workbench()
    closing.push(() => elsewhere.remove())
    writeFileSync(bench.profile, LONG)
    const { user, password } = master.credentials
    const env = { MUPDATE_BENCH_PASSWORD: password }
    const where = `${there.outside}:${master.address.port}`
    const of = ['agent', '--nats', roll.url, '--capacity', '1', '--allow-master', where]
    bench.start([...of, '--name', 'near'], env)
    elsewhere.start([...of, '--name', 'far'], env, there.within)
    await roll.present(2)

    // A folder of the run's own, which the other machine does not have.
    const allowed = ['load', 'mutations', 'plaintext'].flatMap(what => [`--allow-${what}`, there.outside])
    const run = bench.startRun(
      ['--master', `mupdate://${user}@${where}`, ...allowed, ...roll.at(2), '--out', 'results'],
      env,
    )
    await bench.inPhase('work')
    there.cut()
    const cutAtMs = performance.now()
    await until('the loss', () => bench.events().some(({ kind }) => kind === 'agent-lost'), 20_000)
    expect(performance.now() - cutAtMs).toBeLessThan(6_000)
    const { status, stdout, stderr } = await run.ended
    expect(status, stdout + stderr).toBe(5)
    expect(stdout).toMatch(/agent far on \S+ is lost: nothing was heard of it for 2\.5 s/)
    expect(
      bench
        .result()
        .generator.agents!.map(({ name, lost }) => ({ name, isLost: lost !== null }))
        .sort(byName),
    ).toEqual([
      { name: 'far', isLost: true },
      { name: 'near', isLost: false },
    ])

    there.join()
    await roll.present(2)
    for (let i = 0; i < 150 && (await roll.call()).some(({ isBusy }) => isBusy); i++);
    expect((await roll.call()).filter(({ isBusy }) => isBusy)).toEqual([])
    // What it measured until then, and what it went on to measure, is kept there; that of the other has arrived.
    expect(readdirSync(join(elsewhere.directory, 'agent-spool'))).toHaveLength(1)
    expect(readdirSync(join(bench.directory, 'agent-spool'))).toEqual([])
  },
  120_000,
)

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name)
}

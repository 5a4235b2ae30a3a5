import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GateResult, gateResultSchema } from '../../src/metrics/gate-result.js'
import { until, Workbench } from '../cli/bench.js'
import { copySystemCyrus, makeTrees, preloadedCyrus } from '../../bench/cyrus-tree.js'

/** Lists, then creates: some five seconds a run, of which the start of Cyrus takes two. */
const SHORT = `\
site: { mailboxes: 8000, backends: 2 }
slaves: { count: 6, retryDelay: 20s, staggerOver: 1500ms }
backends: { connection: kept, mix: { create: 1 } }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: lists, run: [slaves], until: streaming, limit: 20s }
  - { name: creates, run: [backends], duration: 500ms, arrivals: { kind: closed, concurrency: 2 } }
converge: false
`
/** A tenth of a millisecond of CPU with each write: a list is written in pieces of 4 kB. */
const SLOW_WRITE = `\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>
static double used(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}
ssize_t write(int fd, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  double until = used() + 100e-6;
  while (used() < until);
  return real(fd, bytes, count);
}
`

const workbench = new Workbench()
let trees: string

beforeAll(() => {
  writeFileSync(workbench.profile, SHORT)
  trees = makeTrees()
})

afterAll(() => {
  workbench.remove()
  rmSync(trees, { recursive: true, force: true })
})

async function gate(args: readonly string[], gating = 'cpuPerDump') {
  const common = ['gate', workbench.profile, '--out', workbench.out, '--quiet', '--json', '--gating', gating]
  const { status, stdout, stderr } = await workbench.bench([...common, '--pairs', '6', ...args])
  return { status, stderr, gate: stdout === '' ? undefined : gateResultSchema.parse(JSON.parse(stdout)) }
}

function measure(result: GateResult | undefined, name: string) {
  return result?.metrics.find(metric => metric.name === name)
}

describe('a gate of two builds of Cyrus', { timeout: 240_000 }, () => {
  it('refuses a copy that lies elsewhere as the same', async () => {
    const tree = copySystemCyrus(join(trees, 'copy'))
    const { status, stderr } = await gate(['--a', 'cyrus', '--b', `cyrus:${tree}`])
    expect(stderr).toContain('both sides are the same: 3.')
    expect(status).toBe(2)
    // How often it writes, which no neighbour changes; noise is measured elsewhere.
    const steady = ['--aa', '--effect', 'writeCallsPerCreate=20%']
    const same = await gate(['--a', 'cyrus', '--b', `cyrus:${tree}`, ...steady], 'writeCallsPerCreate')
    expect(same.gate).toMatchObject({ result: 'pass', aa: true })
    expect(same.status).toBe(0)
  })

  it('calls a build that does not start beside one that does a regression', async () => {
    const { status, gate: result } = await gate(['--a', 'cyrus', '--b-set', 'mboxlist_db=nosuchdb'])
    expect(result).toMatchObject({ result: 'fail', failedStarts: { a: 0, b: 2 } })
    expect(result?.reasons[0]).toMatch(/^only in B: no run: /)
    expect(status).toBe(4)
  })

  it('does not blame a build where neither starts any more', async () => {
    const tree = copySystemCyrus(join(trees, 'gone'))
    const out = join(workbench.directory, 'gone')
    const sides = ['--a', `cyrus:${tree}`, '--b', `cyrus:${tree}`, '--aa', '--pairs', '6', '--gating', 'createRate']
    const started = workbench.start(['gate', workbench.profile, '--out', out, '--quiet', '--json', ...sides])
    const folders = () => readdirSync(join(out, 'small')).map(name => join(out, 'small', name))
    await until('a pair of the gate', () => folders().some(folder => existsSync(join(folder, 'gate.json'))), 120_000)
    rmSync(join(tree, 'usr/lib/cyrus/bin'), { recursive: true })
    const { status, stdout } = await started.ended
    const { result, reasons } = gateResultSchema.parse(JSON.parse(stdout))
    expect(reasons).toEqual([expect.stringMatching(/^[AB]: no run: /)])
    expect(result).toBe('inconclusive')
    expect(status).toBe(3)
  })

  it('finds a slow-down of one libc call in the way of a list, and names the library that ran', async () => {
    const slow = preloadedCyrus(join(trees, 'slow'), SLOW_WRITE)
    const { status, gate: result } = await gate(['--a', 'cyrus', '--b', `cyrus:${slow}`])
    expect(measure(result, 'cpuPerDump')).toMatchObject({ result: 'regression', gating: true })
    expect(result?.result).toBe('fail')
    expect(status).toBe(4)
    expect(Object.keys(result!.b.master.binaries).some(path => path.endsWith('/libpreloaded.so'))).toBe(true)
    expect(Object.keys(result!.a.master.binaries).some(path => path.endsWith('/libpreloaded.so'))).toBe(false)
    // Of each run, not only of the look beforehand.
    expect(result!.b.runs).toHaveLength(6)
  })
})

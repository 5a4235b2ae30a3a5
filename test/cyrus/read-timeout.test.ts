import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Workbench } from '../cli/bench.js'
import { makeTrees, preloadedCyrus } from '../../bench/cyrus-tree.js'

/** Changes come all the time, so that the slave never waits long enough to ask. */
const STEADY = `\
site: { mailboxes: 100, backends: 1 }
slaves: { count: 1, retryDelay: 20s }
backends: { connection: kept, arrivals: { kind: constant, rate: 5 }, mix: { setacl: 1 } }
phases:
  - { name: preload, run: [preload], until: preloaded, limit: 20s }
  - { name: settle, run: [slaves], until: streaming, limit: 20s }
  - { name: steady, run: [slaves, backends], duration: 30s }
converge: false
`
/** For mupdate an hour goes by in 5 s; select(2) sleeps as ever. */
const FAST_TIME = `\
#include <time.h>
time_t time(time_t *out) {
  static double begun;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  double now = t.tv_sec + t.tv_nsec / 1e9;
  if (begun == 0) begun = now;
  time_t fast = (time_t)(begun + (now - begun) * 720);
  if (out) *out = fast;
  return fast;
}
`

const workbench = new Workbench()
let trees: string

beforeAll(() => {
  writeFileSync(workbench.profile, STEADY)
  trees = makeTrees()
})

afterAll(() => {
  workbench.remove()
  rmSync(trees, { recursive: true, force: true })
})

describe('a real master', { timeout: 120_000 }, () => {
  it('gives up a slave that has said nothing for 3 h, though it is sent changes all the time', async () => {
    const { stdout } = await workbench.bench([
      ...['run', workbench.profile, '--out', workbench.out, '--quiet', '--json'],
      ...['--master', `cyrus:${preloadedCyrus(join(trees, 'fast'), FAST_TIME)}`],
    ])
    const { slaves } = JSON.parse(stdout)
    expect(slaves).toMatchObject({ timeouts: 0, drops: 1 })
    const events = readFileSync(join(workbench.folder(), 'events.ndjson'), 'utf8')
    expect(events).toContain('idle for too long')
  })
})

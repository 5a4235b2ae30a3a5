import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import type { RunResult } from '../src/metrics/run-result.js'
import type { Row } from './against-mupref.js'
import { median, pairs, type Side } from './pairs.js'

const CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const PROFILE = fileURLToPath(new URL('../../bench/live.yaml', import.meta.url))
const WATCHERS = 20
/** Of the page, and of /metrics: many a scraper's. */
const REQUESTS_PER_SECOND = 50

/** The same run watched by twenty, with the page and /metrics asked for all the time, and not served at all, in turn. */
export async function benchLive(count: number): Promise<Row[]> {
  const { ours: watched, theirs: alone } = await pairs(
    'live',
    count,
    () => run(true),
    () => run(false),
  )
  const unserved = watched.filter(side => !servedAll(side)).length
  const invalid = [...watched, ...alone].filter(({ valid }) => valid === 0).length
  return (['p50Us', 'p99Us'] as const).map(key => {
    const without = alone.map(figures => figures[key])
    const [least, most] = [Math.min(...without), Math.max(...without)]
    const measured = median(watched.map(figures => figures[key]))
    return {
      work: `NOOP ${key.slice(0, 3)} with ${WATCHERS} watchers, page and /metrics at ${REQUESTS_PER_SECOND}/s each`,
      target: `within the spread without: ${least}–${most} µs`,
      measured: `${measured} µs${remark(invalid, 2 * count, 'invalid')}${remark(unserved, count, 'in which the crowd was not served')}`,
      holds: measured <= most && invalid === 0 && unserved === 0,
    }
  })
}

function remark(runs: number, count: number, what: string): string {
  return runs > 0 ? `; ${runs} of ${count} runs ${what}` : ''
}

/** A crowd that was served nothing shows nothing. It comes a little late and leaves early: half of it all is asked for. */
export function servedAll({ durationS, secondsSeen, answers }: Side): boolean {
  return secondsSeen >= durationS / 2 && answers >= (2 * REQUESTS_PER_SECOND * durationS) / 2
}

async function run(isWatched: boolean): Promise<Side> {
  const out = mkdtempSync(join(tmpdir(), 'mupdate-bench-'))
  try {
    const args = ['run', PROFILE, '--json', '--quiet', '--out', out, ...(isWatched ? ['--live'] : [])]
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [text, said] = ['', '']
    child.stdout.on('data', chunk => {
      text += chunk
    })
    let crowd: Crowd | undefined
    child.stderr.on('data', chunk => {
      said += chunk
      const link = /^live: (\S+)$/m.exec(said)?.[1]
      if (link !== undefined) crowd ??= new Crowd(link)
    })
    await new Promise(resolve => child.once('close', resolve))
    if (text === '') throw new Error(said)
    return { ...figuresOf(JSON.parse(text) as RunResult), ...(await crowd?.leave()) }
  } finally {
    rmSync(out, { recursive: true })
  }
}

function figuresOf({ phases, verdict, durationMs }: RunResult): Side {
  const time = phases.find(({ name }) => name === 'steady')?.commands['NOOP.plain']?.responseTimeUs
  if (time === undefined) throw new Error(`no NOOP was measured: ${verdict.reasons.join('; ')}`)
  const valid = Number(verdict.result === 'pass')
  return { p50Us: time.p50, p99Us: time.p99, maxUs: time.max, valid, durationS: durationMs / 1000 }
}

/** Those who watch, in this process: the harness's own is to be measured. */
class Crowd {
  private readonly seconds = new Array<number>(WATCHERS).fill(0)
  private readonly scrapers: { instance: autocannon.Instance; result: Promise<autocannon.Result> }[]

  constructor(link: string) {
    for (let i = 0; i < WATCHERS; i++) {
      get(link.replace('/?', '/events?'), { agent: false }, response => {
        response.on('data', (chunk: Buffer) => {
          this.seconds[i] += chunk.toString('latin1').split('event: second').length - 1
        })
      })
    }
    this.scrapers = [link, link.replace('/?', '/metrics?')].map(ask)
  }

  /** @returns what the one of them saw that saw least, and how often all were answered */
  async leave(): Promise<Side> {
    for (const { instance } of this.scrapers) (instance as autocannon.Instance & { stop(): void }).stop()
    const results = await Promise.all(this.scrapers.map(({ result }) => result))
    return {
      secondsSeen: Math.min(...this.seconds),
      answers: results.reduce((sum, result) => sum + result['2xx'], 0),
    }
  }
}

function ask(url: string) {
  let settle: (result: autocannon.Result) => void
  const result = new Promise<autocannon.Result>(resolve => {
    settle = resolve
  })
  const options = {
    url,
    connections: 5,
    overallRate: REQUESTS_PER_SECOND,
    ignoreCoordinatedOmission: true,
    duration: 86_400,
    // The server is gone as soon as the run is.
    bailout: 1000,
  }
  const instance = autocannon(options, (_, outcome) => settle(outcome))
  return { instance, result }
}

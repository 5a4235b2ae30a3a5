import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { widthOf } from '../../src/core/text-width.js'
import { until, Workbench } from './bench.js'

const MAIN = join(import.meta.dirname, '../../dist/cli/main.js')

let workbench: Workbench
beforeEach(() => {
  workbench = new Workbench()
})
afterEach(() => workbench.remove())

/** A run on a terminal of its own, from util-linux's script(1). */
function onTerminal(shell: string, env: Record<string, string> = {}) {
  const child = spawn('script', ['-qec', shell, '/dev/null'], {
    cwd: workbench.directory,
    // Node takes even an empty NO_COLOR for a wish.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TERM: 'xterm', LANG: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const seen = { text: '' }
  child.stdout.setEncoding('utf8').on('data', text => {
    seen.text += text
  })
  const ended = new Promise<number | null>(resolve => child.once('close', status => resolve(status)))
  return { child, seen, ended }
}

const run = () => `node ${MAIN} run ${workbench.profile} --out ${workbench.out}`

describe('on a terminal', () => {
  it('redraws in place, also after it became narrower, and Ctrl-C leaves a clean one', async () => {
    const { child, seen, ended } = onTerminal(
      `stty cols 80 rows 24; tty > tty; exec ${run()} --set phases.2.duration=60s`,
    )
    await until('a view of 80 columns', () => /steady.*left/.test(seen.text) && seen.text.includes('operations'))
    expect(seen.text).toContain('\x1b[J')
    expect(seen.text).toMatch(/\x1b\[36m[▁-█ ]+\x1b/)

    const before = seen.text.length
    const resize = spawn('sh', ['-c', 'stty cols 34 rows 10 < "$(cat tty)"'], { cwd: workbench.directory })
    await new Promise(resolve => resize.once('close', resolve))
    await until('two narrow frames', () => (seen.text.slice(before).match(/\x1b\[J/g) ?? []).length > 2)
    // What had begun to be drawn before the terminal was narrow is of no interest.
    const narrow = seen.text.slice(seen.text.indexOf('\x1b[J', before) + 3).split(/\r\n|\x1b\[\d+A\x1b\[J/)
    for (const line of narrow) expect(widthOf(line), JSON.stringify(line)).toBeLessThan(34)
    expect(narrow.join('\n')).toContain('streaming')

    child.stdin.write('\x03')
    expect(await ended).toBe(130)
    expect(seen.text).toContain('interrupted: stopping')
    // Nothing hides the cursor, and the last frame is gone before the summary comes.
    expect(seen.text).not.toContain('\x1b[?25l')
    const summaryAt = seen.text.search(/INCONCLUSIVE|INVALID/)
    expect(summaryAt).toBeGreaterThan(0)
    expect(seen.text.slice(seen.text.lastIndexOf('\x1b[J', summaryAt), summaryAt)).not.toMatch(/[▁-▇]/)
    expect(seen.text.slice(summaryAt)).toMatch(/results: .*report: /s)
  })

  it('takes NO_COLOR at its word, and leaves a dumb terminal alone', async () => {
    const shell = `${run()} --set phases.2.duration=2500ms`
    const [plain, dumb] = [onTerminal(shell, { NO_COLOR: '1' }), onTerminal(shell, { TERM: 'dumb' })]
    await Promise.all([plain.ended, dumb.ended])
    expect(plain.seen.text).toContain('\x1b[J')
    expect(plain.seen.text).not.toMatch(/\x1b\[[0-9;]*m/)
    expect(dumb.seen.text).not.toContain('\x1b')
    expect(dumb.seen.text).toMatch(/steady \(\d s left\)/)
  })
})

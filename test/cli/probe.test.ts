import { afterEach, beforeEach, expect, it } from 'vitest'
import { Workbench } from './bench.js'

let bench: Workbench

beforeEach(() => {
  bench = new Workbench()
})
afterEach(() => bench.remove())

it.each([
  { args: ['--pid', '4194305'], says: /--pid 4194305: there is no such process\n {2}→ see pidof mupdate/ },
  { args: ['--pid', '0'], says: /It is no process/ },
  { args: ['--port', '65536'], says: /It is no port/ },
  { args: ['--master', 'a b'], says: /Write host:port/ },
  { args: ['--master', 'host:0'], says: /It is no port/ },
  { args: [], says: /no NATS server is given\n {2}→ add --nats/ },
])('a probe says what is wrong with $args', async ({ args, says }) => {
  const { status, stderr } = await bench.bench(['probe', ...args])
  expect(stderr).toMatch(says)
  expect(status).toBe(2)
})

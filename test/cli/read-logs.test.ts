import { expect, it } from 'vitest'
import { Progress } from '../../src/cli/progress.js'
import { readLogs } from '../../src/cli/read-logs.js'
import { LogBook } from '../../src/diagnosis/log-book.js'

it('a log that cannot even be asked for is the user’s mistake', async () => {
  const path = 'x'.repeat(5000)
  await expect(readLogs([path], undefined, new LogBook(), new Progress())).rejects.toMatchObject({ code: 'RESULTS' })
})

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { runResultSchema } from '../../src/metrics/run-result.js'

const path = fileURLToPath(new URL('../../docs/run.schema.json', import.meta.url))

/** After a change of run.json: UPDATE_SCHEMA=1 npx vitest run test/metrics/run-schema.test.ts */
it('docs/run.schema.json is the schema of run.json', () => {
  const schema = {
    title: 'run.json of mupdate-bench',
    description: 'docs/results.md explains the keys',
    ...z.toJSONSchema(runResultSchema),
  }
  const text = `${JSON.stringify(schema, null, 2)}\n`
  if (process.env.UPDATE_SCHEMA !== undefined) writeFileSync(path, text)
  const published = readFileSync(path, 'utf8')
  expect(published, 'stale: UPDATE_SCHEMA=1 npx vitest run test/metrics/run-schema.test.ts').toBe(text)
})

it('reads a file of before simulations and comparisons by phase', () => {
  const older = JSON.parse(readFileSync(fileURLToPath(new URL('older-run.json', import.meta.url)), 'utf8')) as unknown
  const { simulated, slaves } = runResultSchema.parse(older)
  expect(simulated).toBe(false)
  expect(slaves).toMatchObject({ comparisons: [], differences: [{ phase: '', where: 'slave 0' }], listBytes: null })
})

it('does not say of a master of before that was told whether it was verified', () => {
  const older = JSON.parse(readFileSync(fileURLToPath(new URL('older-run.json', import.meta.url)), 'utf8')) as {
    master: object
  }
  const security = { tls: 'TLSv1.3, X', mechanism: 'PLAIN', compression: null }
  const { master } = runResultSchema.parse({ ...older, master: { ...older.master, security } })
  expect(master.security).toEqual({ ...security, verified: null })
})

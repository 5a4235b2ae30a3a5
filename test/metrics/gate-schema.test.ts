import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { capacityResultSchema } from '../../src/metrics/capacity-result.js'
import { gateResultSchema } from '../../src/metrics/gate-result.js'
import { trendResultSchema } from '../../src/metrics/trend-result.js'

/** After a change: UPDATE_SCHEMA=1 npx vitest run test/metrics/gate-schema.test.ts */
it.each([
  {
    file: 'gate.schema.json',
    title: 'gate.json of mupdate-bench, and compare --json',
    keys: 'ci.md',
    schema: gateResultSchema,
  },
  { file: 'trend.schema.json', title: 'trend --json of mupdate-bench', keys: 'ci.md', schema: trendResultSchema },
  {
    file: 'capacity.schema.json',
    title: 'capacity.json of mupdate-bench, and capacity --json',
    keys: 'capacity.md',
    schema: capacityResultSchema,
  },
])('docs/$file is the schema', ({ file, title, keys, schema }) => {
  const path = fileURLToPath(new URL(`../../docs/${file}`, import.meta.url))
  const described = { title, description: `docs/${keys} explains the keys`, ...z.toJSONSchema(schema) }
  const text = `${JSON.stringify(described, null, 2)}\n`
  if (process.env.UPDATE_SCHEMA !== undefined) writeFileSync(path, text)
  const published = readFileSync(path, 'utf8')
  expect(published, 'stale: UPDATE_SCHEMA=1 npx vitest run test/metrics/gate-schema.test.ts').toBe(text)
})

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { gateResultSchema } from '../../src/metrics/gate-result.js'
import { sitePlanSchema } from '../../src/metrics/site-plan-result.js'
import { trendResultSchema } from '../../src/metrics/trend-result.js'

/** After a change: UPDATE_SCHEMA=1 npx vitest run test/metrics/gate-schema.test.ts */
it.each([
  { file: 'gate.schema.json', title: 'gate.json of mupdate-bench, and compare --json', schema: gateResultSchema },
  { file: 'trend.schema.json', title: 'trend --json of mupdate-bench', schema: trendResultSchema },
  { file: 'plan.schema.json', title: 'plan --json of mupdate-bench', schema: sitePlanSchema, page: 'docs/plan.md' },
])('docs/$file is the schema', ({ file, title, schema, page = 'docs/ci.md' }) => {
  const path = fileURLToPath(new URL(`../../docs/${file}`, import.meta.url))
  const described = { title, description: `${page} explains the keys`, ...z.toJSONSchema(schema) }
  const text = `${JSON.stringify(described, null, 2)}\n`
  if (process.env.UPDATE_SCHEMA !== undefined) writeFileSync(path, text)
  const published = readFileSync(path, 'utf8')
  expect(published, 'stale: UPDATE_SCHEMA=1 npx vitest run test/metrics/gate-schema.test.ts').toBe(text)
})

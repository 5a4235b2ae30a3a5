import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { capacityResultSchema } from '../../src/metrics/capacity-result.js'
import { diagnosisResultSchema } from '../../src/metrics/diagnosis-result.js'
import { doctorResultSchema } from '../../src/metrics/doctor-result.js'
import { gateResultSchema } from '../../src/metrics/gate-result.js'
import { replayResultSchema } from '../../src/metrics/replay-result.js'
import { sitePlanSchema } from '../../src/metrics/site-plan-result.js'
import { trendResultSchema } from '../../src/metrics/trend-result.js'
import { traceHeaderSchema, traceLineSchema } from '../../src/traces/trace-line.js'

/** After a change: UPDATE_SCHEMA=1 npx vitest run --project unit test/metrics */
it.each([
  { file: 'gate', title: 'gate.json of mupdate-bench, and compare --json', page: 'ci', schema: gateResultSchema },
  { file: 'trend', title: 'trend --json of mupdate-bench', page: 'ci', schema: trendResultSchema },
  {
    file: 'capacity',
    title: 'capacity.json of mupdate-bench, and capacity --json',
    page: 'capacity',
    schema: capacityResultSchema,
  },
  { file: 'diagnose', title: 'diagnose --json of mupdate-bench', page: 'diagnose', schema: diagnosisResultSchema },
  { file: 'doctor', title: 'doctor --json of mupdate-bench', page: 'doctor', schema: doctorResultSchema },
  { file: 'replay', title: 'replay --json of mupdate-bench', page: 'replay', schema: replayResultSchema },
  {
    file: 'trace',
    title: 'a line of a trace of mupdate-bench record, or of run --trace',
    page: 'record',
    schema: z.union([traceHeaderSchema, traceLineSchema]),
  },
  { file: 'plan', title: 'plan --json of mupdate-bench', page: 'plan', schema: sitePlanSchema },
])('docs/$file.schema.json is the schema', ({ file, title, page, schema }) => {
  const path = fileURLToPath(new URL(`../../docs/${file}.schema.json`, import.meta.url))
  const described = { title, description: `docs/${page}.md explains the keys`, ...z.toJSONSchema(schema) }
  const text = `${JSON.stringify(described, null, 2)}\n`
  if (process.env.UPDATE_SCHEMA !== undefined) writeFileSync(path, text)
  const published = readFileSync(path, 'utf8')
  expect(published, 'stale: UPDATE_SCHEMA=1 npx vitest run --project unit test/metrics').toBe(text)
})

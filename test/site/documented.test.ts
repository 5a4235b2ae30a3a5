import { readFileSync, writeFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { loadCalibration } from '../../src/masters/model/load-calibration.js'
import { planText } from '../../src/report/plan/text.js'
import { planOfSite } from '../../src/site/plan.js'
import { readSite } from '../../src/site/read-site.js'

const PLAN = /<!-- plan -->.*<!-- \/plan -->/s

/** After a change: UPDATE_DOCS=1 npx vitest run test/site/documented.test.ts */
it('docs/plan.md shows what plan says of the site.yaml that stands there', () => {
  const path = fileURLToPath(new URL('../../docs/plan.md', import.meta.url))
  const page = readFileSync(path, 'utf8')
  const [, yaml] = /```yaml\n(.*?)```/s.exec(page) ?? []
  expect(yaml, 'the page shows no site.yaml').toBeDefined()
  expect(page, 'the page has no place for the plan').toMatch(PLAN)
  const plan = planOfSite({
    site: readSite(yaml!, 'site.yaml'),
    path: 'site.yaml',
    calibration: loadCalibration(),
    harnessVersion: '0.1.0',
  })
  const said = `<!-- plan -->\n\n\`\`\`\n${stripVTControlCharacters(planText(plan))}\`\`\`\n\n<!-- /plan -->`
  const shown = page.replace(PLAN, () => said)
  if (process.env.UPDATE_DOCS !== undefined) writeFileSync(path, shown)
  expect(readFileSync(path, 'utf8'), 'stale: UPDATE_DOCS=1 npx vitest run test/site/documented.test.ts').toBe(shown)
})

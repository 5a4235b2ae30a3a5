import { checkedYaml } from '../core/checked-yaml.js'
import { type Site, siteSchema } from './schema.js'

const SITE = {
  schema: siteSchema,
  whole: 'the file',
  code: 'USAGE',
  hint: 'docs/plan.md has every key; mupdate-bench plan init makes such a file',
} as const

/** @throws {HarnessError} `USAGE` with line, column, what was expected and the nearest valid key */
export function readSite(text: string, path: string): Site {
  return checkedYaml(text, path, SITE)
}

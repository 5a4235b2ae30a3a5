import { Document, isMap, isScalar, type Pair, type Scalar } from 'yaml'
import { FACT_KEYS, type Facts } from './facts.js'
import type { SiteDocument } from './schema.js'

const SCHEMA: SiteDocument['schema'] = 'mupdate-bench/site/1'
/** Groups that stand there whether anything in them is known or not. */
const UNKNOWN: readonly string[] = [
  'growthPerDay',
  'backends',
  'master.maxfds',
  'master.database',
  'master.place',
  'master.cpu',
  'operations.createsPerSecond',
  'operations.otherChangesPerSecond',
]

/** The file, each value with where it came from; what nobody knows is there too, as null. */
export function siteYaml(facts: Facts, head: string): string {
  const document = new Document({ schema: SCHEMA })
  document.commentBefore = ` ${head}`
  for (const key of FACT_KEYS) {
    const fact = facts.get(key) ?? (UNKNOWN.includes(key) ? { value: null, from: 'unknown' } : undefined)
    if (fact === undefined) continue
    const node = document.createNode(fact.value) as Scalar
    node.comment = ` ${fact.from.replace(/\s+/g, ' ')}`
    document.setIn(key.split('.'), node)
  }
  if (isMap(document.contents)) for (const pair of document.contents.items as Pair[]) spaceBefore(pair, document)
  return document.toString({ lineWidth: 0 })
}

function spaceBefore(pair: Pair, document: Document): void {
  if (!isMap(pair.value)) return
  const key = isScalar(pair.key) ? pair.key : (document.createNode(pair.key) as Scalar)
  key.spaceBefore = true
  pair.key = key
}

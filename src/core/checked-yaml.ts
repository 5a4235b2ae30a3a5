import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import { type ErrorCode, HarnessError, messageOf } from './errors.js'
import { keysAt, nearest } from './nearest-key.js'

/** A kind of YAML file that people write. */
export interface YamlKind<Schema extends z.ZodType> {
  readonly schema: Schema
  /** What a mistake is of that is in no key. */
  readonly whole: string
  /** Of its refusals. */
  readonly code: ErrorCode
  readonly hint: string
}

/**
 * Reads a YAML file by its schema.
 *
 * @param change puts in what `--set` says
 * @throws {HarnessError} with file, line, column, what was expected and the nearest valid key
 */
export function checkedYaml<Schema extends z.ZodType>(
  text: string,
  path: string,
  { schema, whole, code, hint }: YamlKind<Schema>,
  change?: (document: Document) => void,
): z.output<Schema> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const file: YamlFile = { path, document, lines, schema, whole }
  const [syntaxError] = document.errors
  if (syntaxError !== undefined)
    throw new HarnessError(code, `${at(file, syntaxError.pos[0])}: ${syntaxError.message}`, 'the file is no valid YAML')
  change?.(document)
  const outcome = schema.safeParse(plainOf(file, code))
  if (outcome.success) return outcome.data
  const mistakes = outcome.error.issues.flatMap(issue => describeIssue(issue, file))
  throw new HarnessError(code, mistakes.join('\n'), hint)
}

interface YamlFile {
  readonly path: string
  readonly document: Document
  readonly lines: LineCounter
  readonly schema: z.ZodType
  readonly whole: string
}

/** @throws {HarnessError} for aliases that blow up */
function plainOf({ document, path }: YamlFile, code: ErrorCode): unknown {
  try {
    return document.toJS() ?? {}
  } catch (error) {
    throw new HarnessError(code, `${path}: ${messageOf(error)}`, 'use fewer aliases')
  }
}

function describeIssue(issue: z.core.$ZodIssue, file: YamlFile): string[] {
  const where = issue.path.join('.') || file.whole
  if (issue.code === 'unrecognized_keys') {
    const valid = keysAt(file.schema, issue.path)
    return issue.keys.map(key => {
      const near = nearest(key, valid)
      const what = `unknown key "${key}"${near === undefined ? '' : `; did you mean "${near}"?`}`
      return `${positionOf([...issue.path, key], file, true)}: ${where}: ${what}`
    })
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return closestForm(issue.errors).flatMap(inner =>
      describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, file),
    )
  }
  return [`${positionOf(issue.path, file, false)}: ${where}: ${issue.message}`]
}

/** Of the forms that a value may have, the one that was meant: where the first mistake lies deepest. */
function closestForm(forms: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const depth = (issues: readonly z.core.$ZodIssue[]) =>
    Math.max(...issues.map(({ path, code }) => path.length + (code === 'invalid_type' ? 0 : 0.5)))
  return [...forms].sort((a, b) => depth(b) - depth(a))[0]
}

/** The place of the deepest node on the path that the file holds (a missing key is shown where it is missing). */
function positionOf(path: readonly PropertyKey[], file: YamlFile, ofKey: boolean): string {
  const { document } = file
  for (let depth = path.length; depth >= 0; depth--) {
    const parts = path.slice(0, depth)
    const value = ofKey && depth === path.length ? undefined : (document.getIn(parts, true) as Node | undefined)
    // `{ key }` has no value to point at.
    const range = (value ?? keyNode(document, parts))?.range
    if (range === undefined || range === null) {
      if (depth === path.length && document.hasIn(parts)) return `--set ${parts.join('.')}`
      continue
    }
    return at(file, range[0])
  }
  return file.path
}

function keyNode(document: Document, path: readonly PropertyKey[]): Node | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return undefined
  const pair = parent.items.find(item => isScalar(item.key) && item.key.value === path.at(-1))
  return isScalar(pair?.key) ? pair.key : undefined
}

function at({ path, lines }: YamlFile, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${path}:${line}:${col}`
}

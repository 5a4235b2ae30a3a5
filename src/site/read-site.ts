import { LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import { HarnessError, messageOf } from '../core/errors.js'
import { type Site, siteSchema } from './schema.js'

const HINT = 'docs/plan.md has every key; mupdate-bench plan init makes such a file'

/** @throws {HarnessError} `USAGE` with line, column and what was expected */
export function readSite(text: string, path: string): Site {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const [broken] = document.errors
  if (broken !== undefined)
    throw new HarnessError('USAGE', `${at(broken.pos[0])}: ${broken.message}`, 'the file is no valid YAML')
  const outcome = siteSchema.safeParse(plain(() => document.toJS(), path))
  if (outcome.success) return outcome.data
  const positionOf = (issue: z.core.$ZodIssue): string => {
    for (let depth = issue.path.length; depth > 0; depth--) {
      const node = document.getIn(issue.path.slice(0, depth), true) as Node | undefined
      if (node?.range) return at(node.range[0])
    }
    return path
  }
  const messages = outcome.error.issues.map(issue => {
    const where = issue.path.join('.') || 'the file'
    return `${positionOf(issue)}: ${where}: ${issue.message}`
  })
  throw new HarnessError('USAGE', messages.join('\n'), HINT)
}

function plain(convert: () => unknown, path: string): unknown {
  try {
    return convert()
  } catch (error) {
    throw new HarnessError('USAGE', `${path}: ${messageOf(error)}`, 'use fewer aliases')
  }
}

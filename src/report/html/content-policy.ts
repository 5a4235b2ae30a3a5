import { createHash } from 'node:crypto'

/** A content security policy for a page with one style and at most one script in it: these alone, by their hashes. */
export function contentPolicy(style: string, script?: string, further: readonly string[] = []): string {
  return [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    ...(script === undefined ? [] : [`script-src '${hashOf(script)}'`]),
    "base-uri 'none'",
    "form-action 'none'",
    ...further,
  ].join('; ')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

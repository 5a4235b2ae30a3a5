import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { it } from 'vitest'

/** Programs that read what we write, from Debian: nobody needs them to run the harness. */
const TOOLS = {
  xmllint: { path: '/usr/bin/xmllint', package: 'libxml2-utils' },
  promtool: { path: '/usr/bin/promtool', package: 'prometheus' },
  java: { path: '/usr/bin/java', package: 'default-jre-headless' },
  man: { path: '/usr/bin/man', package: 'man-db groff-base' },
  zsh: { path: '/usr/bin/zsh', package: 'zsh' },
  fish: { path: '/usr/bin/fish', package: 'fish' },
  hdrHistogramJar: { path: '/usr/share/java/hdrhistogram.jar', package: 'libhdrhistogram-java' },
} as const

export type Tool = keyof typeof TOOLS

export function toolPath(tool: Tool): string {
  return TOOLS[tool].path
}

/** `it` for what needs them: left out, with a word, where they are not installed; in CI that is a failure. */
export function itWith(...tools: readonly Tool[]): typeof it | typeof it.skip {
  const missing = tools.map(tool => TOOLS[tool]).filter(({ path }) => !existsSync(path))
  if (missing.length === 0 || process.env.CI === 'true') return it
  console.warn(`left out; to have it: sudo apt install ${missing.map(tool => tool.package).join(' ')}`)
  return it.skip
}

/** @returns the exit status and all that was printed; −1 where it could not be started */
export function runTool(tool: Tool, args: readonly string[], input?: string): { status: number; output: string } {
  const { status, stdout, stderr, error } = spawnSync(toolPath(tool), args, {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status: status ?? -1, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` }
}

import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { generateCommand } from '../../src/cli/generate.js'

const folder = mkdtempSync(join(tmpdir(), 'mupdate-bench-generate-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function generate(...options: string[]): Promise<string> {
  const output = join(folder, 'out')
  const all = ['smoke', '--set', 'site.mailboxes=3000', '--output', output, ...options]
  await generateCommand().exitOverride().parseAsync(all, { from: 'user' })
  return readFileSync(output, 'latin1')
}

describe('mupdate-bench generate', () => {
  it.each([
    { format: 'commands', pattern: /^X\d+ ACTIVATE /gm },
    { format: 'json', pattern: /^"/gm },
    { format: 'text', pattern: /\n/g },
  ])('writes all mailboxes as $format', async ({ format, pattern }) => {
    expect((await generate('--format', format)).match(pattern)?.length).toBe(3000)
  })

  it('writes the same for the same seed only', async () => {
    const hash = (text: string) => createHash('sha256').update(text).digest('hex')
    const [first, again, other] = [
      await generate('--seed', '3'),
      await generate('--seed', '3'),
      await generate('--seed', '4'),
    ]
    expect(hash(again)).toBe(hash(first))
    expect(hash(other)).not.toBe(hash(first))
  })

  it('says what it cannot do', async () => {
    await expect(generate('--output', join(folder, 'none', 'out'))).rejects.toMatchObject({ code: 'USAGE' })
    await expect(generate('--set', 'site.mailboxs=3')).rejects.toMatchObject({ code: 'PROFILE_INVALID' })
  })
})

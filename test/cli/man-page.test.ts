import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, Option } from 'commander'
import { describe, expect, it } from 'vitest'
import { EXIT_MEANINGS, manPage } from '../../src/cli/man-page.js'

const root = resolve(import.meta.dirname, '../..')

function page(): string {
  const tls = () => new Option('--tls <how>', 'or not').choices(['on', 'off']).helpGroup('Reaching it:')
  const inner = new Command('inner')
    .description('do less')
    .argument('<file>', 'of yours')
    .addOption(tls())
    .addOption(new Option('--host <name>', 'where it is').helpGroup('Reaching it:'))
  const outer = new Command('outer')
    .description('do more')
    .option('-n, --number <n>', 'how many', '5')
    .addOption(new Option('--secret').hideHelp())
    .addOption(tls())
    .addHelpText('after', '\nExample:\n  it outer -n 3')
    .addCommand(inner)
  const program = new Command('it').version('1').addCommand(outer).addHelpText('after', '\nExamples:\n  it outer')
  return manPage(program, '1.2.3')
}

describe('the manual page', () => {
  it('says of each command what its help says', () => {
    expect(page()).toContain(
      '.SS it outer [options] [command]\nDo more.\n.TP\n\\fB\\-n, \\-\\-number <n>\\fR\nhow many (default: \\(dq5\\(dq)\n',
    )
    expect(page()).toContain('.PP\nExample:\n.PP\n.RS\n.nf\nit outer \\-n 3\n.fi\n.RE\n')
    expect(page()).toContain('.SS it outer inner [options] <file>\nDo less.\n.TP\n\\fIfile\\fR\nof yours\n')
    expect(page()).not.toContain('secret')
  })

  it('says once what many commands share, and of each which of it it has', () => {
    const [outer, inner] = page().split('.SS ').slice(1)
    expect(outer).toContain('.PP\nAnd \\fB\\-\\-tls\\fR: see REACHING IT, below.\n')
    expect(inner).toContain('.PP\nAnd \\fB\\-\\-tls\\fR, \\fB\\-\\-host\\fR: see REACHING IT, below.\n')
    const tls = '.TP\n\\fB\\-\\-tls <how>\\fR\nor not (choices: \\(dqon\\(dq, \\(dqoff\\(dq)\n'
    const host = '.TP\n\\fB\\-\\-host <name>\\fR\nwhere it is\n'
    expect(page()).toContain(`.SH REACHING IT\n${tls}${host}.SH EXIT STATUS\n`)
  })

  it('has the sections that people look for, and the version', () => {
    const sections = page().match(/(?<=^\.SH ).*/gm)
    expect(sections?.filter(name => name !== 'REACHING IT')).toEqual(
      'NAME|SYNOPSIS|DESCRIPTION|OPTIONS|COMMANDS|EXIT STATUS|ENVIRONMENT|EXAMPLES|SEE ALSO'.split('|'),
    )
    expect(page()).toMatch(/^\.TH MUPDATE\\-BENCH 1 "" "mupdate\\-bench 1\.2\.3" "User Commands"\n/)
    expect(page()).toContain('.SH EXAMPLES\n.PP\n.RS\n.nf\nit outer\n')
  })

  it('gives exit statuses the meanings of docs/results.md', () => {
    const [, section] = readFileSync(join(root, 'docs/results.md'), 'utf8').split('## Exit statuses\n')
    const rows = section!.split('\n## ')[0]!.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)
    const meanings = Object.fromEntries(Array.from(rows, ([, status, text]) => [status, text!.replaceAll('`', '')]))
    expect(meanings).toEqual(EXIT_MEANINGS)
  })

  it('names every variable of ours that is read', () => {
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(path =>
      /\.ts$/.test(path),
    )
    const names = files.flatMap(
      path => readFileSync(join(root, 'src', path), 'utf8').match(/MUPDATE_BENCH_[A-Z_]+/g) ?? [],
    )
    expect(names.length).toBeGreaterThan(10)
    expect([...new Set(names)].filter(name => !page().includes(`\\fB${name}\\fR`))).toEqual([])
  })
})

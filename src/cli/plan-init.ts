import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import { HarnessError } from '../core/errors.js'
import { requireAll } from '../site/facts.js'
import { siteYaml } from '../site/site-yaml.js'
import { writeReportFile } from '../report/write-report.js'
import { collect } from './options.js'
import { askForMissing } from './plan-questions.js'
import { factsOf, type PlanInitFlags } from './plan-sources.js'
import { Progress } from './progress.js'

const SITE_FILE = 'site.yaml'

export function planInitCommand(): Command {
  return new Command('init')
    .description('make site.yaml from what the site has; it asks for what is missing')
    .option(
      '--master <file>',
      'the master’s imapd.conf, cyr_info conf-all, or cyrus.conf; or defaults (repeatable)',
      collect,
      [],
    )
    .option('--frontend <file>', 'the same of a frontend, best of each; or defaults (repeatable)', collect, [])
    .option('--backend <file>', 'the same of a backend: a unified murder is known by it (repeatable)', collect, [])
    .option('--dump <[day=]file>', 'ctl_mboxlist -d, gz too; two of different days tell how it grows', collect, [])
    .option('--diagnosis <file>', 'of mupdate-bench diagnose --json: times of lists as they were there')
    .option(
      '--counters <file[,file]>',
      'a backend’s Prometheus counters, twice, or once with --uptime (repeatable)',
      collect,
      [],
    )
    .option('--uptime <time>', 'how long the counters have counted, such as 30d')
    .option('--mailboxes <n>', 'in place of a dump')
    .option('--frontends <n>', 'in place of a file of each')
    .option('--backends <n>', 'in place of a file of each')
    .option('--retry-delay <time>', 'mupdate_retry_delay of the frontends')
    .option('--growth <n>', 'mailboxes that are added a day')
    .option('--creates <n>', 'mailboxes that are created a second')
    .option('--planned-mailboxes <n>', 'how many it is to have')
    .option('--planned-frontends <n>', 'how many it is to have')
    .option('--planned-creates <n>', 'how many are to be created a second then')
    .option('--master-cpu <model>', 'CPU of the master’s host, as in /proc/cpuinfo; here: of this host')
    .addOption(new Option('--place <where>', 'where the master’s mailboxes.db lies').choices(['disk', 'tmpfs']))
    .option('-o, --out <file>', 'where it goes; - is standard output', SITE_FILE)
    .option('--force', 'replace a file that is there')
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench plan init
  mupdate-bench plan init --master master/imapd.conf --master master/cyrus.conf \\
    --frontend fe1/imapd.conf --frontends 12 --dump 2026-05-01=may.gz --dump 2026-11-01=november.gz
  mupdate-bench plan init --master defaults --frontend defaults --frontends 12 \\
    --mailboxes 500k --planned-mailboxes 600k

A file is known by its contents. Nothing is connected to, and nothing is guessed:
what is not known stays null.`,
    )
    .action(async (flags: PlanInitFlags & { readonly out: string; readonly force?: true }) => {
      const { out } = flags
      const isFile = out !== '-'
      if (isFile && existsSync(out) && flags.force !== true)
        throw new HarnessError(
          'USAGE',
          `${out} is there already`,
          'choose another with --out, or replace it with --force',
        )
      const progress = new Progress()
      const facts = await factsOf(flags, progress)
      progress.clear()
      if (process.stdin.isTTY && process.stderr.isTTY) await askForMissing(facts)
      requireAll(facts)
      const text = siteYaml(
        facts,
        'Made by mupdate-bench plan init; change what you know better. Then: mupdate-bench plan FILE',
      )
      if (!isFile) process.stdout.write(text)
      else {
        writeReportFile(out, text)
        process.stdout.write(`${out}\n`)
      }
    })
}

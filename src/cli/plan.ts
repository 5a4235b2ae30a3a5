import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { HarnessError, messageOf } from '../core/errors.js'
import { packageVersion } from '../core/package-root.js'
import { loadCalibration } from '../masters/model/load-calibration.js'
import type { SitePlan } from '../metrics/site-plan-result.js'
import { planHtml } from '../report/plan/html.js'
import { planMarkdown } from '../report/plan/markdown.js'
import { planText } from '../report/plan/text.js'
import { planOfSite } from '../site/plan.js'
import { readSite } from '../site/read-site.js'
import { planInitCommand } from './plan-init.js'
import { type TellingFlags, type Tellings, tell, tellingOptions } from './put.js'

interface PlanFlags extends TellingFlags {
  readonly calibration?: string
}

const TELLINGS: Tellings<SitePlan> = { text: planText, markdown: planMarkdown, html: planHtml, page: 'plan.html' }

export function planCommand(): Command {
  const command = new Command('plan')
    .description('what a site’s master holds, what breaks it first, and what to set: no load, from what the site has')
    .argument('<site>', 'site.yaml, made by mupdate-bench plan init')
    .option('-c, --calibration <file>', 'made by mupdate-bench calibrate; else the one of Cyrus 3.6.1 that comes along')
  return tellingOptions(command, TELLINGS)
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench plan init --master imapd.conf --frontends 12 --retry-delay 20s --dump mailboxes.txt
  mupdate-bench plan site.yaml
  mupdate-bench plan site.yaml --calibration ours.json --format html

It judges nothing: the exit status is 0 whatever it finds. What it says, and how
far to believe it: docs/plan.md.`,
    )
    .action((path: string, flags: PlanFlags) => {
      const plan = planOfSite({
        site: readSite(textOf(path), path),
        path,
        calibration: loadCalibration(flags.calibration),
        harnessVersion: packageVersion(),
      })
      tell(plan, TELLINGS, flags)
    })
    .enablePositionalOptions()
    .addCommand(planInitCommand())
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new HarnessError('USAGE', `cannot read ${path}: ${messageOf(error)}`, 'make one: mupdate-bench plan init')
  }
}

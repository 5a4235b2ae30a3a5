import { Command } from 'commander'
import { packageVersion } from '../core/package-root.js'
import { programFor } from './commands.js'
import { manPage } from './man-page.js'

export function manCommand(): Command {
  return new Command('man')
    .description('print the manual page')
    .addHelpText('after', '\nExample:\n  mupdate-bench man | man -l -')
    .action(async () => {
      process.stdout.write(manPage(await programFor(''), packageVersion()))
    })
}

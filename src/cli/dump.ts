import { Command } from 'commander'
import { dumpAnonymiseCommand, dumpConvertCommand, dumpSampleCommand } from './dump-convert.js'
import { dumpDiffCommand } from './dump-diff.js'
import { dumpInspectCommand } from './dump-inspect.js'
import { dumpReconcileCommand } from './dump-reconcile.js'

export function dumpCommand(): Command {
  return new Command('dump')
    .description('read what ctl_mboxlist -d has written: look into it, change its form, compare, foresee')
    .addCommand(dumpInspectCommand())
    .addCommand(dumpConvertCommand())
    .addCommand(dumpSampleCommand())
    .addCommand(dumpAnonymiseCommand())
    .addCommand(dumpDiffCommand())
    .addCommand(dumpReconcileCommand())
}

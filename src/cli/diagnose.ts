import { Command } from 'commander'
import { HarnessError } from '../core/errors.js'
import { EXIT } from '../core/exit-status.js'
import { formatCount, parseDurationNs } from '../core/units.js'
import { diagnose } from '../diagnosis/diagnose.js'
import { LogBook } from '../diagnosis/log-book.js'
import type { DiagnosedSource, DiagnosisResult } from '../metrics/diagnosis-result.js'
import { diagnosisHtml } from '../report/diagnosis/html.js'
import { diagnosisMarkdown } from '../report/diagnosis/markdown.js'
import { diagnosisText } from '../report/diagnosis/text.js'
import { Progress } from './progress.js'
import { type TellingFlags, type Tellings, tell, tellingOptions } from './put.js'
import { readLogs } from './read-logs.js'

interface DiagnoseFlags extends TellingFlags {
  readonly year?: string
  readonly retryDelay?: string
}

const TELLINGS: Tellings<DiagnosisResult> = {
  text: diagnosisText,
  markdown: diagnosisMarkdown,
  html: diagnosisHtml,
  page: 'diagnosis.html',
}

export function diagnoseCommand(): Command {
  const command = new Command('diagnose')
    .description('what the syslog of frontends and master says: resyncs, time-outs, thrash, and what ends it')
    .argument('<logs...>', 'files of syslog, also packed by gzip; journalctl -o export or json; - is standard input')
    .option('--year <year>', 'of the first line of each log; RFC 3164 has none (default: by the file’s time)')
    .option('--retry-delay <duration>', 'mupdate_retry_delay of the frontends (default: from their retries)')
  return tellingOptions(command, TELLINGS)
    .addHelpText(
      'after',
      `
Examples:
  mupdate-bench diagnose /var/log/mail.log*
  mupdate-bench diagnose fe*.log master.log --format html -o tuesday.html
  journalctl -o export -t cyrus/mupdate -t cyrus/master | mupdate-bench diagnose -

It only reads; nothing is connected to. Give the logs of all frontends and of the master: what is not there
cannot be known, and it says so. The exit status is 0 whatever it finds, and 6 where no line is of mupdate.`,
    )
    .action(async (paths: string[], flags: DiagnoseFlags) => {
      const options = { year: yearOf(flags.year), retryDelayS: retryDelayOf(flags.retryDelay) }
      const book = new LogBook()
      const sources = await readLogs(paths, options.year, book, new Progress())
      if (book.processes.size === 0 && book.deaths.every(({ death }) => death.service === undefined))
        sayNothingFound(sources)
      else tell(diagnose(book, sources, options), TELLINGS, flags)
    })
}

function sayNothingFound(sources: readonly DiagnosedSource[]): void {
  const lines = sources.reduce((sum, one) => sum + one.lines, 0)
  const unread = sources.reduce((sum, { unreadLines }) => sum + unreadLines, 0)
  const named =
    unread === 0
      ? 'none names it'
      : `${formatCount(unread)} name it, in no format or under no identifier that is known here (rsyslog cuts cyrus/mupdate to cyrus without parser.permitSlashInProgramName)`
  process.stderr.write(`mupdate-bench: no line of mupdate’s in ${formatCount(lines)} lines: ${named}
  → give the logs to which syslog writes facility local6 (Debian: mail), or journalctl -o export -t cyrus/mupdate
`)
  process.exitCode = EXIT.inconclusive
}

/** @throws {HarnessError} `USAGE` */
function yearOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^(19|20)\d\d$/.test(text))
    throw new HarnessError('USAGE', `--year ${text}: not a year`, 'write for example --year 2026')
  return Number(text)
}

/** @throws {HarnessError} `USAGE` */
function retryDelayOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = parseDurationNs(text) / 1e9
  if (!Number.isInteger(seconds) || seconds < 2)
    throw new HarnessError('USAGE', `--retry-delay ${text}: not possible`, 'Cyrus takes whole seconds, 2s or more')
  return seconds
}

import { type Command, Option } from 'commander'
import { writeReportFile } from '../report/write-report.js'

/** To a file where one is given, else to standard output. @throws {HarnessError} `RESULTS` */
export function putText(text: string, path: string | undefined): void {
  if (path === undefined) process.stdout.write(text)
  else writeReportFile(path, text)
}

/** To a file, and its path to standard output. @throws {HarnessError} `RESULTS` */
export function putPage(html: string, path: string): void {
  writeReportFile(path, html)
  process.stdout.write(`${path}\n`)
}

/** How what a command found can be told; JSON is as it is. */
export interface Tellings<T> {
  readonly text: (result: T) => string
  readonly markdown?: (result: T) => string
  readonly html: (result: T) => string
  /** Where the page goes, unless it is said. */
  readonly page: string
}

export interface TellingFlags {
  readonly format: string
  readonly out?: string
  readonly json?: true
}

export function tellingOptions<T>(command: Command, { page, markdown }: Tellings<T>): Command {
  const formats = markdown === undefined ? ['text', 'json', 'html'] : ['text', 'markdown', 'html', 'json']
  return command
    .addOption(new Option('-f, --format <name>', 'what comes out').choices(formats).default('text'))
    .option('-o, --out <file>', `where it goes, in place of standard output, or ./${page}`)
    .option('--json', 'the same as --format json')
}

/** @throws {HarnessError} `RESULTS` */
export function tell<T>(result: T, { text, markdown = text, html, page }: Tellings<T>, flags: TellingFlags): void {
  const texts: Readonly<Record<string, (result: T) => string>> = {
    text,
    markdown,
    json: value => `${JSON.stringify(value, null, 2)}\n`,
  }
  const format = flags.json === true ? 'json' : flags.format
  if (format === 'html') putPage(html(result), flags.out ?? page)
  else putText(texts[format]!(result), flags.out)
}

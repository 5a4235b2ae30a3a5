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

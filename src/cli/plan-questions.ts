import { createInterface } from 'node:readline/promises'
import { HarnessError } from '../core/errors.js'
import { type Facts, missing, type Question } from '../site/facts.js'

/** Asks for what is missing, on a terminal; what need not be known may be left open. */
export async function askForMissing(facts: Facts): Promise<void> {
  const questions = [...missing(facts, true), ...missing(facts, false)]
  if (questions.length === 0) return
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const closed = new AbortController()
  terminal.once('close', () => closed.abort())
  try {
    for (const question of questions) {
      const value = await ask(question, prompt => terminal.question(prompt, { signal: closed.signal }))
      if (value !== undefined) facts.set(question.key, { value, from: 'answered to plan init' })
    }
  } catch (error) {
    // Ctrl-D or Ctrl-C: what is missing is told by the caller.
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
  } finally {
    terminal.close()
  }
}

async function ask(
  { text, isRequired, parse }: Question,
  line: (prompt: string) => Promise<string>,
): Promise<string | number | null | undefined> {
  for (;;) {
    const answer = (await line(isRequired ? `${text} ` : `${text} (Enter: not known) `)).trim()
    if (answer === '' && !isRequired) return undefined
    try {
      if (answer !== '') return parse(answer)
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error
      process.stderr.write(`${error.message}; ${error.hint}\n`)
    }
  }
}

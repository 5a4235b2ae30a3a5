export type Dlist = ReadonlyMap<string, string | Dlist>

/** An atom, a string in quotes, the head of a literal, or a bracket (imap/dlist.c, dlist_printbuf). */
const TOKEN = /\s*(?:(?<bracket>%?\(|\))|"(?<quoted>(?:[^"\\]|\\.)*)"|\{(?<bytes>\d+)\+?\}\r\n|(?<atom>[^\s()"]+))/gsy

/** `%(KEY value KEY %(…) KEY (…))`: keys and values in turn. Of what has no keys nothing is kept. @returns undefined where it is none, or not whole */
export function parseDlist(text: string): Dlist | undefined {
  const tokens = new Tokens(text)
  return tokens.next()?.opens === 'pairs' ? pairsOf(tokens) : undefined
}

/** Whether more of it is on the next line. */
export function endsInLiteral(line: string): boolean {
  return /\{\d+\+?\}\r$/.test(line)
}

interface Token {
  readonly text: string
  readonly opens?: 'pairs' | 'list'
  readonly closes?: true
}

class Tokens {
  private at = 0

  constructor(private readonly text: string) {}

  next(): Token | undefined {
    TOKEN.lastIndex = this.at
    const found = TOKEN.exec(this.text)?.groups
    if (found === undefined) return undefined
    this.at = TOKEN.lastIndex
    const { bracket, quoted, bytes, atom } = found
    if (bracket === ')') return { text: '', closes: true }
    if (bracket !== undefined) return { text: '', opens: bracket === '(' ? 'list' : 'pairs' }
    if (quoted !== undefined) return { text: quoted.replace(/\\(.)/gs, '$1') }
    return bytes === undefined ? { text: atom! } : this.literal(Number(bytes))
  }

  private literal(length: number): Token | undefined {
    const start = this.at
    this.at += length
    return this.at > this.text.length ? undefined : { text: this.text.slice(start, this.at) }
  }
}

function pairsOf(tokens: Tokens): Dlist | undefined {
  const pairs = new Map<string, string | Dlist>()
  for (;;) {
    const key = tokens.next()
    if (key === undefined || key.opens !== undefined) return undefined
    if (key.closes) return pairs
    const value = tokens.next()
    if (value === undefined || value.closes) return undefined
    const inner = value.opens === undefined ? value.text : value.opens === 'pairs' ? pairsOf(tokens) : skipped(tokens)
    if (inner === undefined) return undefined
    pairs.set(key.text, inner)
  }
}

function skipped(tokens: Tokens): string | undefined {
  for (let depth = 1; depth > 0; ) {
    const token = tokens.next()
    if (token === undefined) return undefined
    if (token.opens !== undefined) depth++
    if (token.closes) depth--
  }
  return ''
}

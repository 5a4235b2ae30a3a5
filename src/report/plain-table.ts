import Table from 'cli-table3'

/** Columns alone, a blank between them. */
export function plainTable(head: readonly string[], colAligns: ('left' | 'right')[]): Table.Table {
  return new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 1 },
    colAligns,
    chars: NO_LINES,
  })
}

/** `chars` of a cli-table3 table without lines. */
export const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
}

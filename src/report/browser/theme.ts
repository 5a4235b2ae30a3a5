/** Names of the CSS variables that canvases share with the page (src/report/html/style.ts). */
export type Ink =
  | 'text'
  | 'muted'
  | 'line'
  | 'grid'
  | 'phase'
  | 'thrash'
  | 'pegged'
  | 'blue'
  | 'orange'
  | 'green'
  | 'purple'
  | 'amber'
  | 'sky'
  | 'brown'
  | 'grey'

let known = new Map<string, string>()

/** The colour as the page has it now. */
export function ink(name: Ink, alpha = 1): string {
  let value = known.get(name)
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
    known.set(name, value)
  }
  return alpha === 1 ? value : withAlpha(value, alpha)
}

/** Calls back whenever the page changes its colours: dark, light, or on paper. */
export function onInkChange(repaint: () => void): void {
  for (const query of ['(prefers-color-scheme: dark)', 'print'])
    matchMedia(query).addEventListener('change', () => {
      known = new Map()
      repaint()
    })
}

/** @param colour `#rrggbb` */
function withAlpha(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`
}

export const FONT = '12px system-ui, sans-serif'

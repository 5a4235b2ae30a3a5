import type { PageData } from '../page/page-data.js'
import { drawComparison } from './comparison-view.js'
import { drawRun } from './run-view.js'

const root = document.getElementById('charts')
const source = document.getElementById('data')
if (root !== null && source !== null) {
  const page = JSON.parse(source.textContent ?? '') as PageData
  if (page.kind === 'run') drawRun(root, page.run)
  else drawComparison(root, page.comparison)
  // For tests: ms from the opening of the page.
  root.dataset.drawn = String(Math.round(performance.now()))
}

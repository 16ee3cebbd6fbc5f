import { type Markish, text } from '@observablehq/plot'
import { count } from '../ui/format.js'

/** What the colours mean, above a plot at its left: a square and a label for each, of those that there are. */
export function legendMarks(
  labels: readonly string[],
  counts: readonly number[],
  fills: readonly string[],
): Markish[] {
  let dx = 0
  return labels.flatMap((label, i): Markish[] => {
    if (counts[i] === 0) return []
    const words = `${label} ${count(counts[i])}`
    const place = { frameAnchor: 'top-left', dy: -26, textAnchor: 'start' } as const
    const marks = [
      text(['■'], { ...place, dx, fill: fills[i], fontSize: 14 }),
      text([words], { ...place, dx: dx + 16, fill: 'currentColor' }),
    ]
    // Letters and digits of this size are less wide than that.
    dx += 34 + 7 * words.length
    return marks
  })
}

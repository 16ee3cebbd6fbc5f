import type { MetricsLine } from './metricsWindow.js'

/** By what validations are compared: the higher AUROC, or the lower loss, is the better one. */
export const validationMetrics = ['auroc', 'val_loss'] as const
/** A metric by which validations are compared. */
export type ValidationMetric = (typeof validationMetrics)[number]

/** How good a line's validation is, higher = better; undefined for a line without. */
function goodness(line: MetricsLine, metric: ValidationMetric): number | undefined {
  const value = line[metric]
  return typeof value !== 'number' ? undefined : metric === 'auroc' ? value : -value
}

/** The first line of the best validation, if there is any. */
export function bestLine(lines: readonly MetricsLine[], metric: ValidationMetric): MetricsLine | undefined {
  let best: { line: MetricsLine; value: number } | undefined
  for (const line of lines) {
    const value = goodness(line, metric)
    if (value !== undefined && (!best || value > best.value)) best = { line, value }
  }
  return best?.line
}

/** Whether the last `patience` validations were all no better than the best one before them. */
export function isExhausted(
  lines: readonly MetricsLine[],
  metric: ValidationMetric,
  patience: number,
): boolean {
  const validated = lines.filter(line => goodness(line, metric) !== undefined)
  const best = bestLine(validated, metric)
  return best !== undefined && validated.length - 1 - validated.indexOf(best) >= patience
}

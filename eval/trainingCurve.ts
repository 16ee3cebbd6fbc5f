import { type BatchMean, meanOf } from './batchAuroc.js'
import { noInterval } from './interval.js'

/** What a training logged at a step; undefined for what that line has not. */
export type TrainingPoint = {
  step: number
  /** Nats per base, of training and of validation reads. */
  loss?: number
  validationLoss?: number
  /** Of the validation reads. */
  auroc?: number
}

/** What a training logged, step by step. */
export type TrainingCurve = { name: string; points: readonly TrainingPoint[] }

/** The mean of the AUROCs that a training logged from one step to another, both included. */
export type LoggedAuroc = BatchMean & { run: string; from: number; to: number }

/** Steps, both included. */
export type StepWindow = { from: number; to: number }

/** The curve of a run from the lines of its metrics.jsonl. */
export function trainingCurve(
  name: string,
  lines: readonly Readonly<Record<string, unknown>>[],
): TrainingCurve {
  const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
  const points = lines.flatMap((line): TrainingPoint[] => {
    const step = number(line.step)
    if (step === undefined) return []
    const [loss, validationLoss, auroc] = [line.loss, line.val_loss, line.auroc].map(number)
    return [
      {
        step,
        ...(loss !== undefined && { loss }),
        ...(validationLoss !== undefined && { validationLoss }),
        ...(auroc !== undefined && { auroc }),
      },
    ]
  })
  return { name, points }
}

/** How many validations the Ascend port takes the mean of. */
const loggedValidations = 100

/**
 * The seeds' statistic: the mean of the AUROCs that the validations of a training logged (a batch of 100 reads of each
 * class, unless it validates on more), over a window of steps; without one over the last hundred, as the Ascend port
 * does. The interval takes validations for independent, which neighbouring ones are not quite. NaN without a validation
 * in the window.
 */
export function meanLoggedAuroc({ name, points }: TrainingCurve, window?: StepWindow): LoggedAuroc {
  const logged = points.filter(point => point.auroc !== undefined)
  const inWindow = window
    ? logged.filter(({ step }) => step >= window.from && step <= window.to)
    : logged.slice(-loggedValidations)
  const mean =
    inWindow.length > 0
      ? meanOf(inWindow.map(({ auroc }) => auroc!))
      : { value: Number.NaN, ...noInterval, batches: 0 }
  const [first, last] = [inWindow.at(0), inWindow.at(-1)]
  return { ...mean, run: name, from: window?.from ?? first?.step ?? 0, to: window?.to ?? last?.step ?? 0 }
}

import { gradients, type Outline, outline, randomKey, zeros } from '../../engine/index.js'
import { checkCell } from '../../engine/testing/index.js'
import { batchLoss, initialModel } from '../../model/index.js'
import type { TaskContext } from './task.js'
import { cellOfText, locate } from './userCell.js'

/** A cell's text (JavaScript, or TypeScript), which RUNS, and the sizes to look at it with. */
export type ExamineInput = {
  readonly text: string
  /** Hidden units. */
  readonly hidden: number
  /** Bases of a read. */
  readonly length: number
  readonly batchSize: number
}

/** Something that is wrong with a cell; `line` counts from 1. */
export type CellProblem = { readonly message: string; readonly line?: number }

export type ExamineReport =
  /** The text is about to run. */
  | { readonly kind: 'started' }
  | { readonly kind: 'loaded'; readonly name: string }
  /** How a loss and its gradients are compiled. */
  | { readonly kind: 'outlined'; readonly outline: Outline }
  /** What properties say of it: nothing, or the smallest case that fails. */
  | { readonly kind: 'checked'; readonly seconds: number; readonly problem?: CellProblem }
  /** It cannot be examined further. */
  | { readonly kind: 'broken'; readonly stage: 'text' | 'step'; readonly problem: CellProblem }

const problemOf = (error: unknown): CellProblem => {
  const { message, line } = locate(error)
  return line === undefined ? { message } : { message, line }
}

/** Runs the text of a cell, has its step compiled, and its gradients checked; each result is reported when it is there. */
export async function examine(
  { text, hidden, length, batchSize }: ExamineInput,
  context: TaskContext<ExamineReport, never>,
): Promise<undefined> {
  let stage: 'text' | 'step' = 'text'
  try {
    context.report({ kind: 'started' })
    const cell = await cellOfText(text)
    context.report({ kind: 'loaded', name: cell.name })
    stage = 'step'
    const model = { cell, hidden }
    const outlined = outline(
      (parameters: ReturnType<typeof initialModel>, tokens: Parameters<typeof batchLoss>[2]) => {
        const { loss } = batchLoss(model, parameters, tokens)
        return { loss, gradients: gradients(loss, parameters) }
      },
      [initialModel(model, randomKey(1)), zeros([batchSize, length], 'int32')],
    )
    context.report({ kind: 'outlined', outline: outlined })
    await context.turn()
    const start = performance.now()
    const problem = await checkCell(cell).then(() => undefined, problemOf)
    context.report({
      kind: 'checked',
      seconds: (performance.now() - start) / 1000,
      ...(problem && { problem }),
    })
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error
    context.report({ kind: 'broken', stage, problem: problemOf(error) })
  }
}

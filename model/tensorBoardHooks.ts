import { entries, type Schedule, scheduledFactor } from '../engine/index.js'
import { TensorBoardLog } from './tensorboard/index.js'
import type { TrainResult } from './train.js'
import type { TrainHooks } from './trainHooks.js'
import type { RunSettings } from './trainingRun.js'

/** What this needs of a training's settings; all of them are shown. */
type ShownSettings = Readonly<Record<string, number | string | boolean>> & {
  readonly tensorboard: boolean
  readonly tensorboard_histograms: number
}

/** Hooks of a training, and what is called with its result. */
export type LoggedHooks = TrainHooks &
  Pick<RunSettings, 'inspector'> & { readonly onEnd?: (result: TrainResult) => void }

/**
 * Hooks that also write event files into the run's directory, if the settings say so.
 * @param options what the run is opened with
 * @param aurocTag what validations' AUROC is called
 */
export function tensorBoardHooks(
  settings: ShownSettings,
  { learningRate, schedule, steps }: Pick<RunSettings, 'learningRate' | 'schedule' | 'steps'>,
  aurocTag: string,
  hooks: TrainHooks,
): LoggedHooks {
  const { tensorboard, tensorboard_histograms: every } = settings
  if (!tensorboard) return hooks
  const rates: Schedule = { shape: 'constant', ...schedule, steps }
  let log: TensorBoardLog | undefined
  return {
    ...hooks,
    onStart: (run, notes, next, guessing) => {
      log = new TensorBoardLog(run, settings, aurocTag, next)
      hooks.onStart?.(run, notes, next, guessing)
    },
    onMetrics: line => {
      log?.metrics(line.step, line, learningRate * scheduledFactor(rates, line.step))
      hooks.onMetrics?.(line)
    },
    ...(every > 0 && {
      inspector: {
        every,
        see: async (step, parameters, gradients) => {
          const named = [...entries({ parameters }), ...entries({ gradients })]
          // TensorBoard groups by what is before a slash.
          const arrays = named.map(
            async ([name, tensor]) => [name.replaceAll('.', '/'), await tensor.data()] as const,
          )
          log?.histograms(step, Object.fromEntries(await Promise.all(arrays)))
        },
      },
    }),
    onEnd: ({ step, interrupted }) => {
      if (!interrupted) log?.end(step)
    },
  }
}

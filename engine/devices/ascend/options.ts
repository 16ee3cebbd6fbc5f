import { type OptionValues, option } from '../options.js'

/** What a matmul's operands can be rounded to. */
export const precisions = ['fp32', 'hf32', 'fp16'] as const
export type Precision = (typeof precisions)[number]

const captureChoices = ['auto', 'on', 'off'] as const
/** Whether repeated work is captured as graphs: where the card keeps them, always, or never. */
export type CaptureChoice = (typeof captureChoices)[number]

/** What the device ascend may be opened with. */
export const ascendOptions = {
  card: option.wholeNumber(0, {
    meaning: 'number of the card',
    otherwise: '0',
    variable: 'XENOGRAD_ASCEND_DEVICE',
  }),
  precision: option.oneOf(precisions, {
    meaning:
      'what the operands of products of matrices are rounded to (fp16: from Ascend 910B on, also the results)',
    otherwise: 'the best that the chip has',
    variable: 'XENOGRAD_ASCEND_PRECISION',
  }),
  capture: option.oneOf(captureChoices, {
    meaning:
      'keep repeated work, such as a training step, as a graph on the card, which one call starts (from Ascend 910B on); on: refuse a card without, off: enqueue every operator',
    otherwise: 'auto: where the card keeps graphs',
  }),
  keepExecutors: option.flag({
    meaning:
      'keep planned operators and use them again; without, each call is planned anew, which is slower, and the way out should a version of CANN not take its plans again',
    otherwise: 'true',
  }),
} as const

export type AscendOptions = OptionValues<typeof ascendOptions>

import { type OptionValues, option } from '../options.js'

/** What a matmul's operands can be rounded to. */
export const precisions = ['fp32', 'hf32', 'fp16'] as const
export type Precision = (typeof precisions)[number]

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
  keepExecutors: option.flag({
    meaning:
      'keep planned operators and use them again; without, each call is planned anew, which is slower, and the way out should a version of CANN not take its plans again',
    otherwise: 'true',
  }),
} as const

export type AscendOptions = OptionValues<typeof ascendOptions>

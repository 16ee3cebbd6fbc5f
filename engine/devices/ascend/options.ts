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
    meaning: 'what the operands of products of matrices are rounded to',
    otherwise: 'the best that the chip has',
    variable: 'XENOGRAD_ASCEND_PRECISION',
  }),
  keepExecutors: option.flag({
    meaning: 'keep planned operators and use them again, instead of planning each call anew',
    otherwise: 'true',
  }),
} as const

export type AscendOptions = OptionValues<typeof ascendOptions>

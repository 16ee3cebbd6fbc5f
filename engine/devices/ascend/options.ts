import { type OptionValues, option } from '../options.js'

/** What the device ascend may be opened with. */
export const ascendOptions = {
  card: option.wholeNumber(0, {
    meaning: 'number of the card',
    otherwise: '0',
    variable: 'XENOGRAD_ASCEND_DEVICE',
  }),
  precision: option.oneOf(['fp32', 'hf32', 'fp16'], {
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

import { type OptionValues, option } from '../options.js'

/** What the device gpu may be opened with. */
export const gpuOptions = {
  allowCpu: option.flag({
    meaning: 'run on a software adapter, too, which is no GPU and slow',
    otherwise: 'such an adapter is refused',
    variable: 'XENOGRAD_GPU_ALLOW_CPU',
  }),
} as const

export type GpuOptions = OptionValues<typeof gpuOptions>

import { InvalidArgumentError, Option } from 'commander'
import { deviceNames, setDefaultDevice } from '../engine/index.js'

/**
 * Options may be written with dashes or underscores (`--batch_size`, as the reference has it): the names, not their
 * values, get dashes.
 */
export function dashedNames(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((arg, i) =>
    end >= 0 && i > end ? arg : arg.replace(/^--[a-z][\w-]*/i, name => name.replaceAll('_', '-')),
  )
}

/** Parses a whole number of at least `least`, for commander. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`Give a whole number, ${least} or more.`)
    return value
  }

/** `--device`, one of the known ones. */
export const deviceOption = (): Option =>
  new Option('-d, --device <name>', 'device to compute on').choices(deviceNames()).default(deviceNames()[0])

/** Values are only looked at, not computed with: no need to start a fast device. */
export function useHostDevice(): void {
  setDefaultDevice('reference')
}

/** `--threads`, which `useDeviceOptions` puts into effect before the device is opened. */
export const threadsOption = (): Option =>
  new Option('-j, --threads <n>', 'threads to compute with (default: all that the host has)').argParser(
    wholeNumber(1),
  )

/** `--gpu-allow-cpu`, which `useDeviceOptions` puts into effect. */
export const gpuAllowCpuOption = (): Option =>
  new Option('--gpu-allow-cpu', 'let the device gpu run on a software adapter, which is no GPU and slow')

/** Devices read the number of threads, and whether software will do for a GPU, from the environment. */
export function useDeviceOptions({ threads, gpuAllowCpu }: Record<string, unknown>): void {
  if (threads !== undefined) process.env.XENOGRAD_THREADS = String(threads)
  if (gpuAllowCpu) process.env.XENOGRAD_GPU_ALLOW_CPU = '1'
}

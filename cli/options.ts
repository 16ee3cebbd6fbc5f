import { type Command, InvalidArgumentError, Option } from 'commander'
import { deviceNames, setDefaultDevice } from '../engine/index.js'
import { deviceChoices, nameOfDevice, parseDevice } from './deviceFile.js'
import { UsageError } from './failure.js'

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

/** `--device`, a known one or a file; `useDeviceOptions` makes it a name. */
export const deviceOption = (): Option =>
  new Option('-d, --device <name>', `device to compute on: ${deviceChoices()}`)
    .argParser(parseDevice)
    .default(deviceNames()[0])

/** Values are only looked at, not computed with: no need to start a fast device. */
export function useHostDevice(): void {
  setDefaultDevice('reference')
}

/** `--threads`, which `useDeviceOptions` puts into effect before the device is opened. */
export const threadsOption = (): Option =>
  new Option('-j, --threads <n>', 'threads to compute with (default: one for each core)').argParser(
    wholeNumber(1),
  )

/** `--gpu-allow-cpu`, which `useDeviceOptions` puts into effect. */
export const gpuAllowCpuOption = (): Option =>
  new Option('--gpu-allow-cpu', 'let the device gpu run on a software adapter, which is no GPU and slow')

/** `--blas`, which `useDeviceOptions` puts into effect. */
export const blasOption = (): Option =>
  new Option(
    '--blas <library>',
    'who computes large products of matrices for the device wasm: the BLAS library that is found (auto), one by its ' +
      'path, or none (off); results differ in their last bits (default: auto)',
  )

/** `--vectors`, which `useDeviceOptions` puts into effect. */
export const vectorsOption = (): Option =>
  new Option(
    '--vectors <bits>',
    'width of the vectors of the device wasm, to the same results: 256 (from Node 24 on, on x64) is nearly twice as ' +
      'fast as 128 (default: auto, the widest there is)',
  ).choices(['auto', '128', '256'])

/**
 * Put what a command was told about its device into effect: a file is imported and gives its device's name.
 * Devices read the number of threads, whether software will do for a GPU, the BLAS library and the width of
 * vectors from the environment. Programs that use the package have no BLAS and no wide vectors unless they ask for it; the
 * command line takes what it finds.
 * @throws UsageError for a library or vectors on a device that has no use for one, or a file that registers no device.
 */
export async function useDeviceOptions(command: Command): Promise<void> {
  const { threads, gpuAllowCpu, blas, vectors, device } = command.opts()
  if (typeof device === 'string' && device) command.setOptionValue('device', await nameOfDevice(device))
  if (threads !== undefined) process.env.XENOGRAD_THREADS = String(threads)
  if (gpuAllowCpu) process.env.XENOGRAD_GPU_ALLOW_CPU = '1'
  if (blas !== undefined && device && device !== 'wasm')
    throw new UsageError(
      `--blas ${blas}: the device ${device} uses no BLAS library; leave it out, or use --device wasm`,
    )
  if (vectors !== undefined && device && device !== 'wasm')
    throw new UsageError(
      `--vectors ${vectors}: it is for the device wasm, not for ${device}; leave it out, or use --device wasm`,
    )
  process.env.XENOGRAD_VECTORS = String(vectors ?? (process.env.XENOGRAD_VECTORS || 'auto'))
  process.env.XENOGRAD_BLAS = String(blas ?? (process.env.XENOGRAD_BLAS || 'auto'))
}

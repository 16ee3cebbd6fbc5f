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

/** What devices are told beyond their name; `useDeviceOptions` puts it into effect before one is opened. */
export const computingOptions = (): Option[] => [
  new Option('-j, --threads <n>', 'threads to compute with (default: one for each core)').argParser(
    wholeNumber(1),
  ),
  new Option(
    '--blas <library>',
    'who computes large products of matrices for the device wasm: the BLAS library that is found (auto), one by its ' +
      'path, or none (off); results differ in their last bits (default: auto)',
  ),
  new Option(
    '--vectors <bits>',
    'width of the vectors of the device wasm, to the same results: 256 (from Node 24 on, on x64) is nearly twice as ' +
      'fast as 128 (default: auto, the widest there is)',
  ).choices(['auto', '128', '256']),
  new Option('--gpu-allow-cpu', 'let the device gpu run on a software adapter, which is no GPU and slow'),
  new Option('--ascend-card <n>', 'number of the card that is the device ascend (default: 0)').argParser(
    wholeNumber(0),
  ),
  new Option(
    '--ascend-precision <precision>',
    'what the device ascend rounds the operands of products of matrices to (default: the best that the chip has)',
  ).choices(['fp32', 'hf32', 'fp16']),
]

/**
 * Put what a command was told about its device into effect: a file is imported and gives its device's name.
 * Devices read the rest from the environment. Programs that use the package have no BLAS and no wide vectors unless they
 * ask for them; the command line takes what it finds.
 * @throws UsageError for an option of another device than the one that is used, or a file that registers no device.
 */
export async function useDeviceOptions(command: Command): Promise<void> {
  const { threads, blas, vectors, gpuAllowCpu, ascendCard, ascendPrecision, device } = command.opts()
  if (typeof device === 'string' && device) command.setOptionValue('device', await nameOfDevice(device))
  // Without a device `check` means all, and `train`, which has an empty one, the default.
  const used = device === '' ? deviceNames()[0] : device
  const belongs = (option: string, value: unknown, to: string, why: string) => {
    if (value !== undefined && used !== undefined && used !== to)
      throw new UsageError(
        `--${option} ${value}: the device ${used} ${why}; leave it out, or use --device ${to}`,
      )
  }
  belongs('blas', blas, 'wasm', 'uses no BLAS library')
  belongs('vectors', vectors, 'wasm', 'has no choice of vectors')
  belongs('ascend-card', ascendCard, 'ascend', 'is no Ascend card')
  belongs('ascend-precision', ascendPrecision, 'ascend', 'has no choice of precision')
  const tell = (variable: string, value: unknown) => {
    if (value !== undefined) process.env[variable] = String(value)
  }
  tell('XENOGRAD_THREADS', threads)
  tell('XENOGRAD_BLAS', blas ?? (process.env.XENOGRAD_BLAS || 'auto'))
  tell('XENOGRAD_VECTORS', vectors ?? (process.env.XENOGRAD_VECTORS || 'auto'))
  tell('XENOGRAD_GPU_ALLOW_CPU', gpuAllowCpu && '1')
  tell('XENOGRAD_ASCEND_DEVICE', ascendCard)
  tell('XENOGRAD_ASCEND_PRECISION', ascendPrecision)
}

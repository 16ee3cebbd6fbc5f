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

/** `--threads`, which `useThreads` puts into effect before the device is opened. */
export const threadsOption = (): Option =>
  new Option('-j, --threads <n>', 'threads to compute with (default: all that the host has)').argParser(
    wholeNumber(1),
  )

/** The device reads the number of threads from the environment. */
export function useThreads(threads: unknown): void {
  if (threads !== undefined) process.env.XENOGRAD_THREADS = String(threads)
}

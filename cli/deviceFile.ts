import { InvalidArgumentError } from 'commander'
import { deviceNames } from '../engine/index.js'
import { CodeFileError, importCodeFile, isCodeFile } from '../model/index.js'
import { UsageError } from './failure.js'

/** What users may choose from. */
export const deviceChoices = (): string =>
  `${deviceNames().join(', ')}, or a .js or .ts file that registers one`

/** A device on the command line: a known name, or a file that registers one. */
export function parseDevice(text: string): string {
  if (!isCodeFile(text) && !deviceNames().includes(text))
    throw new InvalidArgumentError(`Allowed choices are ${deviceChoices()}.`)
  return text
}

/**
 * The name of a device on the command line. A file is imported; it is the device that it registers.
 * @throws UsageError unless the file is there, runs, and registers exactly one.
 */
export async function nameOfDevice(device: string): Promise<string> {
  if (!isCodeFile(device)) return device
  const before = new Set(deviceNames())
  await importCodeFile(device).catch((cause: unknown) => {
    throw cause instanceof CodeFileError ? new UsageError(`--device ${cause.message}`, { cause }) : cause
  })
  const added = deviceNames().filter(name => !before.has(name))
  if (added.length !== 1)
    throw new UsageError(
      `--device ${device}: the file registers ${added.length} devices${added.length ? ` (${added.join(', ')})` : ''}; call registerDevice exactly once in it (see README, "Add a device")`,
    )
  return added[0]
}

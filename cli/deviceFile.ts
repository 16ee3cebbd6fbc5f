import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InvalidArgumentError } from 'commander'
import { deviceNames } from '../engine/index.js'
import { UsageError } from './failure.js'

const isFile = (device: string): boolean => /\.[cm]?js$/.test(device)

/** What users may choose from. */
export const deviceChoices = (): string => `${deviceNames().join(', ')}, or a .js file that registers one`

/** A device on the command line: a known name, or a file that registers one. */
export function parseDevice(text: string): string {
  if (!isFile(text) && !deviceNames().includes(text))
    throw new InvalidArgumentError(`Allowed choices are ${deviceChoices()}.`)
  return text
}

/**
 * The name of a device on the command line. A file is imported; it is the device that it registers.
 * @throws UsageError unless the file is there and registers exactly one.
 */
export async function nameOfDevice(device: string): Promise<string> {
  if (!isFile(device)) return device
  const path = resolve(device)
  if (!existsSync(path)) throw new UsageError(`--device ${device}: there is no such file`)
  const before = new Set(deviceNames())
  await import(pathToFileURL(path).href)
  const added = deviceNames().filter(name => !before.has(name))
  if (added.length !== 1)
    throw new UsageError(
      `--device ${device}: the file registers ${added.length} devices${added.length ? ` (${added.join(', ')})` : ''}; call registerDevice exactly once in it (see README, "Add a device")`,
    )
  return added[0]
}

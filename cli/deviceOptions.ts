import { InvalidArgumentError, Option } from 'commander'
import {
  type DeviceOptions,
  deviceNames,
  deviceOptions,
  environment,
  type KnownDevices,
  openDevice,
  type Runtime,
} from '../engine/index.js'
import { deviceChoices, nameOfDevice, parseDevice } from './deviceFile.js'
import { UsageError } from './failure.js'
import { RepeatableOption } from './options.js'

/** A flag of the command line for an option of one device; what it means and takes stands in that device's table. */
type DeviceFlag = {
  [Device in keyof KnownDevices]: {
    readonly flags: string
    readonly device: Device
    readonly option: keyof KnownDevices[Device]
    /** What the command line takes where neither a flag nor the environment says anything, if not the device's choice. */
    readonly otherwise?: string
  }
}[keyof KnownDevices]

/**
 * Options of a device without a flag here are reached with `--device-option`. Programs that use the package have no BLAS
 * and no wide vectors unless they ask for them; the command line takes what it finds.
 */
const deviceFlags: readonly DeviceFlag[] = [
  { flags: '-j, --threads <n>', device: 'wasm', option: 'threads' },
  { flags: '--blas <library>', device: 'wasm', option: 'blas', otherwise: 'auto' },
  { flags: '--vectors <bits>', device: 'wasm', option: 'vectors', otherwise: 'auto' },
  { flags: '--gpu-allow-cpu', device: 'gpu', option: 'allowCpu' },
  { flags: '--ascend-card <n>', device: 'ascend', option: 'card' },
  { flags: '--ascend-precision <precision>', device: 'ascend', option: 'precision' },
]

/** What commander makes of a command line, as far as devices are concerned. */
export type DeviceArguments = {
  /** A name or a file; the default device if undefined or empty. */
  readonly device?: string
  /** `name=value`, as often as given. */
  readonly deviceOption?: readonly string[]
  /** The values of `deviceFlags` by the names that commander gives them. */
  readonly [attribute: string]: unknown
}

/** A device that was asked for, and what it is to be opened with. */
export type ChosenDevice = { readonly name: string; readonly options: DeviceOptions }

/** `--device`: a known name, or a file that registers a device. `byDefault`: what computes without it, for the help. */
export const deviceOption = (byDefault = deviceNames()[0]): Option =>
  new Option(
    '-d, --device <name>',
    `device to compute on: ${deviceChoices()} (default: ${byDefault})`,
  ).argParser(parseDevice)

/** The flags that devices have, for every command that computes. */
export const deviceOptionFlags = (): Option[] => [
  ...deviceFlags.map(commanderOption),
  new RepeatableOption(
    '--device-option <name=value>',
    'an option of the device by its name, for those without a flag; may be given again',
    text => {
      if (!/^[^=]+=/.test(text)) throw new InvalidArgumentError('Give name=value.')
      return text
    },
  ),
]

function commanderOption({ flags, device, option, otherwise }: DeviceFlag): Option {
  const { meaning, values, otherwise: choiceOfDevice, parse } = deviceOptions(device)[option]
  const byDefault = `default: ${otherwise ?? choiceOfDevice}`
  const takesValue = flags.includes('<')
  if (!takesValue) return new Option(flags, `device ${device}: ${meaning} (${byDefault})`)
  return new Option(flags, `device ${device}: ${meaning} (${values}; ${byDefault})`).argParser(text => {
    const value = parse(text)
    if (value === undefined) throw new InvalidArgumentError(`Give ${values}.`)
    return value
  })
}

/**
 * The device of a command line. A file is imported; nothing is opened.
 * @throws UsageError for a flag of another device, an option that the device does not know, a value that an option does
 * not take, or a file that registers no device.
 */
export async function chosenDevice(given: DeviceArguments): Promise<ChosenDevice> {
  const name = given.device ? await nameOfDevice(given.device) : deviceNames()[0]
  for (const { device, flag, value } of givenFlags(given))
    if (device !== name)
      throw new UsageError(
        `--${flag}${value === true ? '' : ` ${value}`}: a flag of the device ${device}, but ${name} is to compute; leave it out, or use --device ${device}`,
      )
  return { name, options: optionsFor(name, given) }
}

/** Opens the device of a command line. @throws UsageError as `chosenDevice`, and what `openDevice` throws. */
export async function openChosenDevice(given: DeviceArguments): Promise<Runtime> {
  const { name, options } = await chosenDevice(given)
  return openDevice(name, options)
}

/** Every known device, each with those flags that are for it. @throws UsageError for `--device-option`, which names no device. */
export function everyDevice(given: DeviceArguments): ChosenDevice[] {
  if (given.deviceOption)
    throw new UsageError(
      `--device-option ${given.deviceOption[0]}: several devices are to compute; name the one that it is for with --device`,
    )
  return deviceNames().map(name => ({ name, options: optionsFor(name, given) }))
}

/** What was given of the flags of devices. */
const givenFlags = (given: DeviceArguments) =>
  deviceFlags.flatMap(({ flags, device, option }) => {
    const commander = new Option(flags)
    const value = given[commander.attributeName()]
    return value === undefined ? [] : [{ device, option, flag: commander.name(), value }]
  })

/** What a device is opened with: the flags that are for it, `--device-option`s, and the command line's defaults for the rest. */
function optionsFor(name: string, given: DeviceArguments): DeviceOptions {
  const table = deviceOptions(name)
  const options: Record<string, DeviceOptions[string]> = {}
  for (const { device, option, value } of givenFlags(given))
    if (device === name) options[option] = table[option].parse(value)
  for (const assignment of given.deviceOption ?? []) {
    const { option, value } = parseAssignment(name, assignment)
    if (Object.hasOwn(options, option))
      throw new UsageError(`--device-option ${assignment}: '${option}' is given twice; give it once`)
    options[option] = value
  }
  for (const { device, option, otherwise } of deviceFlags) {
    if (device !== name || otherwise === undefined) continue
    const { variable } = table[option]
    if (!variable || environment(variable) === undefined) options[option] ??= otherwise
  }
  return options
}

/** What a `--device-option name=value` says to a device. @throws UsageError for what the device's table does not have. */
function parseAssignment(device: string, assignment: string) {
  const table = deviceOptions(device)
  const separator = assignment.indexOf('=')
  const option = assignment.slice(0, separator)
  if (!Object.hasOwn(table, option))
    throw new UsageError(
      `--device-option ${assignment}: the device ${device} has no option '${option}'; it has ${Object.keys(table).join(', ') || 'none'}`,
    )
  const value = table[option].parse(assignment.slice(separator + 1))
  if (value === undefined) throw new UsageError(`--device-option ${assignment}: give ${table[option].values}`)
  return { option, value }
}

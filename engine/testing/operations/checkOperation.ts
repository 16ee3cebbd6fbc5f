import type fc from 'fast-check'
import { registeredOp } from '../../graph/registry.js'
import { DeviceUnavailableError, deviceNames, openDevice } from '../../index.js'
import { compareOnDevice } from '../conformance/index.js'
import { fastCheck } from '../fastCheck.js'
import { casesOf } from '../generators/index.js'
import { boxes, chosenZeros, derivatives, leavesLoops, sumsOfNodes, sumsOverSteps } from './properties.js'

/** How hard `checkOperation` looks for a mistake. */
export type CheckOperationOptions = {
  /** Random cases to try of each property (default 12; five times as many on devices). */
  readonly runs?: number
  /** What a failure printed, to try the same cases again. */
  readonly seed?: number
  readonly path?: string
  /** Devices to compare with the reference device (default: all that open here). */
  readonly devices?: readonly string[]
}

const properties = {
  'derivatives equal finite differences': derivatives,
  'where its derivative is 0, no cotangent passes, infinite ones neither': chosenZeros,
  'at all steps of a loop at once it is what the plain loop makes it': leavesLoops,
  'gradients that are summed over the steps of a loop are those of the plain loop': sumsOverSteps,
  'it is linear and summed as its record says': sumsOfNodes,
  'boxes of it are what its record says': boxes,
}

/**
 * Property-test a registered operation, elementwise, of views or with kernels of its own, by the random uses that its
 * record's `sample` draws: its derivatives, its rules for loops, and its values on every device. Returns what was found
 * right, a line each. Needs the package fast-check.
 *
 * @throws RangeError for an operation that is not there or has no sample; Error with the smallest case that fails, its
 * seed and path (give them back to repeat it).
 */
export async function checkOperation(
  name: string,
  { runs = 12, devices = deviceNames(), ...replay }: CheckOperationOptions = {},
): Promise<string[]> {
  const op = registeredOp(name)
  if (!op?.sample)
    throw new RangeError(
      `checkOperation: ${op ? `'${name}' has no sample to draw uses from` : `there is no operation '${name}'; define it first`}`,
    )
  const check = await fastCheck()
  const assert = async (
    what: string,
    property: fc.IAsyncPropertyWithHooks<[unknown]>,
    numRuns: number,
  ): Promise<string> => {
    try {
      await check.assert(property, { numRuns, includeErrorInReport: true, ...replay })
    } catch (error) {
      throw new Error(`operation '${name}': not so: ${what}: ${(error as Error).message}`)
    }
    return `${name}: ${what}`
  }
  const lines: string[] = []
  for (const [what, property] of Object.entries(properties))
    lines.push(await assert(what, property(check, op), runs))
  for (const device of devices) {
    try {
      const runtime = await openDevice(device)
      const property = check.asyncProperty(casesOf(check, op, { all: true }), async drawn => {
        await compareOnDevice(runtime, op, drawn)
      })
      lines.push(await assert(`device ${device}: ${runtime.description}`, property, 5 * runs))
    } catch (error) {
      if (!(error instanceof DeviceUnavailableError)) throw error
      lines.push(`${name}: device ${device} does not open here: ${error.message}`)
    }
  }
  return lines
}

import type fc from 'fast-check'
import { type DeviceOptions, DeviceUnavailableError, openDevice, type Runtime } from '../../index.js'
import { fastCheck } from '../fastCheck.js'
import type { Tolerances } from './errorBounds.js'

/** What a test reports to: tape's `t`, or anything with these functions. */
export type Assertions = {
  pass(message: string): void
  fail(message: string): void
  skip?(message: string): void
}

/**
 * What the suite needs of a test runner: `test` of tape, or a function of one's own. It runs one test after the other,
 * in the order in which they are given, each until its promise is settled.
 */
export type TestFunction = (name: string, body: (t: Assertions) => Promise<void>) => unknown

/** How hard `deviceConformance` looks for a mistake. */
export type ConformanceOptions = {
  /** What the device is opened with. */
  readonly open?: DeviceOptions
  /** Random cases, as a multiple of the usual number (default 1; a slow device may take 0.1, a long night 20). */
  readonly effort?: number
  /** The seed of all random cases, as a failure printed it (default: another one every time). */
  readonly seed?: number
  /** Hold the device to smaller errors than it states: `Device.mapEps`. */
  readonly mapEps?: number
  /** The same of products: `Device.matmulEps`. */
  readonly matmulEps?: number
  /** When the device is not available: fail (the default), or say so once and pass. */
  readonly unavailable?: 'fail' | 'skip'
}

/** A device under test: what all parts of the conformance suite share. */
export class Suite {
  #skipped = false
  #opened: Promise<Runtime> | undefined

  constructor(
    readonly testFunction: TestFunction,
    readonly name: string,
    readonly options: ConformanceOptions,
  ) {
    this.testFunction(`device ${name}: opens`, async t => {
      try {
        t.pass((await this.open()).device.description)
      } catch (error) {
        const { message } = error as Error
        this.#skipped = error instanceof DeviceUnavailableError && options.unavailable === 'skip'
        if (!this.#skipped) t.fail(message)
        else if (t.skip) t.skip(message)
        else t.pass(`skipped: ${message}`)
      }
    })
  }

  /** Random cases and steps, as a multiple of the usual number. */
  get effort(): number {
    return this.options.effort ?? 1
  }

  /** The errors that the device may make. */
  tolerances({ mapEps, matmulEps, saturates }: Runtime): Tolerances {
    return {
      mapEps: this.options.mapEps ?? mapEps,
      matmulEps: this.options.matmulEps ?? matmulEps,
      saturates,
    }
  }

  /** The device, opened when first asked for. */
  open(): Promise<Runtime> {
    this.#opened ??= openDevice(this.name, this.options.open)
    return this.#opened
  }

  /** The device anew, with the same options, after it was closed. */
  reopen(): Promise<Runtime> {
    this.#opened = undefined
    return this.open()
  }

  /** One test: `body` resolves to what was found right, and throws what was wrong. */
  test(what: string, body: (runtime: Runtime, check: typeof fc) => Promise<string>): void {
    this.testFunction(`device ${this.name}: ${what}`, async t => {
      if (this.#skipped) return
      try {
        t.pass(await body(await this.open(), await fastCheck()))
      } catch (error) {
        t.fail(`device ${this.name}: ${what}: ${(error as Error).message}`)
      }
    })
  }

  /** Try a property on `usual` random cases, more or fewer by the effort. Returns how many. */
  async check<T>(
    check: typeof fc,
    cases: fc.Arbitrary<T>,
    usual: number,
    property: (drawn: T) => Promise<void>,
  ): Promise<string> {
    const numRuns = Math.max(1, Math.ceil(usual * this.effort))
    const { seed } = this.options
    const result = await check.check(check.asyncProperty(cases, property), {
      numRuns,
      ...(seed !== undefined && { seed }),
    })
    if (!result.failed) return `${numRuns} random cases`
    const { errorInstance: error, counterexamplePath: path } = result
    throw new Error(
      `${error instanceof Error ? error.message : error}\n(seed ${result.seed}, path "${path}", after ${result.numRuns} cases)`,
    )
  }
}

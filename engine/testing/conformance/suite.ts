import type fc from 'fast-check'
import { DeviceUnavailableError, openDevice, type Runtime } from '../../index.js'
import type { ConformanceOptions, TestFunction } from '../deviceConformance.js'
import { fastCheck } from '../fastCheck.js'

/** A device under test: what all parts of the conformance suite share. */
export class Suite {
  #skipped = false

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

  /** The device, opened when first asked for. */
  open(): Promise<Runtime> {
    return openDevice(this.name, this.options.open)
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
    const numRuns = Math.max(1, Math.ceil(usual * (this.options.effort ?? 1)))
    const { seed } = this.options
    await check.assert(check.asyncProperty(cases, property), {
      numRuns,
      includeErrorInReport: true,
      ...(seed !== undefined && { seed }),
    })
    return `${numRuns} random cases`
  }
}

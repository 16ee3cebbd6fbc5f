import { isKoffiInstalled, koffiMissing } from '../../shared/koffi.js'
import { realPath } from '../../shared/node.js'
import { blasFileNames, findBlasFile } from './blasFile.js'
import { loadBlas, loadedBlas } from './blasLibrary.js'

/** Threads that every library takes. */
const takenByAll = 16

/** The BLAS library of a device, if it has one. */
export class Blas {
  /** `path`: undefined where there is none; `reason`: why. */
  private constructor(
    readonly path: string | undefined,
    readonly reason: string,
  ) {}

  /**
   * `choice`: `off`; `auto`, the library that is found (it is loaded with the first kernel that needs it, so that small
   * models do not wait for it); or the path or name of a library, which is loaded at once.
   * @throws Error when a library that was asked for by name cannot be used.
   */
  static choose(choice: string): Blas {
    if (choice === 'off') return new Blas(undefined, 'off')
    if (choice !== 'auto') {
      loadBlas(choice)
      return new Blas(choice, '')
    }
    const names = blasFileNames()
    if (!names.length) return new Blas(undefined, 'none is known for this platform')
    if (!isKoffiInstalled()) return new Blas(undefined, koffiMissing)
    const path = findBlasFile()
    if (path === undefined) return new Blas(undefined, `none found (looked for ${names.join(', ')})`)
    // Whether BLIS is of use only it can say; it is quick to load.
    const objection = /blis/.test(path) ? loadBlas(path).objection : undefined
    return objection === undefined ? new Blas(path, '') : new Blas(undefined, objection)
  }

  /** Load the library into the calling thread; returns its path. @throws Error when that is not possible. */
  load(): string | undefined {
    if (this.path !== undefined) loadBlas(this.path)
    return this.path
  }

  /**
   * @throws Error when the library does not take so many threads. It is asked (and so loaded) only for more than any
   * library refuses.
   */
  checkThreads(threads: number): void {
    if (this.path === undefined || threads <= takenByAll) return
    const { mostThreads = Number.POSITIVE_INFINITY, description } = loadBlas(this.path)
    if (threads > mostThreads)
      throw new Error(
        `wasm device: threads ${threads}: ${description} takes ${mostThreads} at most; open it with fewer threads, or with the option blas: off`,
      )
  }

  /** Multiply-adds of the largest product that it computes without packing (see target.ts). Loads the library. */
  get unpacked(): number {
    return this.path === undefined ? 0 : loadBlas(this.path).unpacked
  }

  /** For banners. */
  get description(): string {
    if (this.path === undefined) return this.reason === 'off' ? 'BLAS off' : `no BLAS: ${this.reason}`
    return loadedBlas(this.path)?.description ?? `BLAS ${realPath(this.path)} for large products`
  }
}

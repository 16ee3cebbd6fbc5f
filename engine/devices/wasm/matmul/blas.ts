import { isKoffiInstalled, koffiMissing } from '../../shared/koffi.js'
import { realPath } from '../../shared/node.js'
import { blasFileNames, findBlasFile } from './blasFile.js'
import { loadBlas, loadedBlas } from './blasLibrary.js'
import { type ProductKind, productKinds } from './productKind.js'

/** Threads that every library takes. */
const takenByAll = 16

/** The BLAS library of a device, if it has one. */
export class Blas {
  /** Whether the device has loaded it: whatever was measured before, a run's banner says the same. */
  #isInUse = false

  /** `path`: undefined where there is none; `reason`: why. `kinds`: of products that it computes. */
  private constructor(
    readonly path: string | undefined,
    readonly reason: string,
    readonly kinds: readonly ProductKind[] = productKinds,
  ) {}

  /**
   * `choice`: `off`; `on`, the library that is found (it is loaded with the first kernel that needs it, so that small
   * models do not wait for it); `auto:KINDS`, the same for some kinds of products, `auto:none` for no kind; or the path or
   * name of a library, which is loaded at once.
   * @throws Error when a library that was asked for by name cannot be used, and for kinds that there are not.
   */
  static choose(choice: string): Blas {
    if (choice === 'off') return Blas.none('off')
    const [, kinds] = /^auto:(.*)$/.exec(choice) ?? []
    if (kinds !== undefined) return Blas.choose('on').only(parseKinds(kinds))
    if (choice !== 'on') {
      const library = new Blas(choice, '')
      library.load()
      return library
    }
    const names = blasFileNames()
    if (!names.length) return Blas.none('none is known for this platform')
    if (!isKoffiInstalled()) return Blas.none(koffiMissing)
    const path = findBlasFile()
    if (path === undefined) return Blas.none(`none found (looked for ${names.join(', ')})`)
    // Whether BLIS is of use only it can say; it is quick to load.
    const objection = /blis/.test(path) ? loadBlas(path).objection : undefined
    return objection === undefined ? new Blas(path, '') : Blas.none(objection)
  }

  /** No library, and why. */
  static none(reason: string): Blas {
    return new Blas(undefined, reason)
  }

  /** The same library for some kinds of products. */
  only(kinds: readonly ProductKind[]): Blas {
    return new Blas(this.path, this.reason, kinds)
  }

  /** Whether it computes anything. */
  get isUsed(): boolean {
    return this.path !== undefined && this.kinds.length > 0
  }

  /** The choice that gives the same again where the same library is found. */
  get choice(): string {
    return `auto:${this.isUsed ? this.kinds.join() : 'none'}`
  }

  /** Load the library into the calling thread; returns its path. @throws Error when that is not possible. */
  load(): string | undefined {
    if (this.path !== undefined) loadBlas(this.path)
    this.#isInUse = true
    return this.path
  }

  /**
   * @throws Error when the library does not take so many threads. It is asked (and so loaded) only for more than any
   * library refuses.
   */
  checkThreads(threads: number): void {
    if (this.path === undefined || !this.isUsed || threads <= takenByAll) return
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
    const file = realPath(this.path)
    if (!this.isUsed) return `no BLAS: WebAssembly is as fast as ${file} here`
    const library = (this.#isInUse && loadedBlas(this.path)?.description) || `BLAS ${file} for large products`
    const others = productKinds.filter(kind => !this.kinds.includes(kind))
    return others.length
      ? `${library} (of the kinds ${this.kinds.join(', ')}; by WebAssembly, as fast here: ${others.join(', ')})`
      : library
  }
}

/** @throws Error for what is no list of kinds. */
function parseKinds(list: string): ProductKind[] {
  const names = list === 'none' ? [] : list.split(',')
  return names.map(name => {
    const kind = productKinds.find(kind => kind === name)
    if (kind) return kind
    throw new Error(
      `BLAS 'auto:${list}': give none, or some of ${productKinds.join(', ')} with commas between them`,
    )
  })
}

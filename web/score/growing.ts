type Numbers = Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>

/** A typed array that grows at its end. */
export class Growing<A extends Numbers> {
  length = 0
  #values: A

  /** `make`: a new array of a length. */
  constructor(readonly make: (length: number) => A) {
    this.#values = make(1024)
  }

  /** All values; a view, until more are appended. */
  get values(): A {
    return this.#values.subarray(0, this.length) as A
  }

  append(part: A): void {
    const end = this.length + part.length
    if (end > this.#values.length) {
      const larger = this.make(Math.max(end, Math.ceil(1.5 * this.#values.length)))
      larger.set(this.values)
      this.#values = larger
    }
    this.#values.set(part, this.length)
    this.length = end
  }
}

/** A number for each base of a fragment, summed from what is known of it; NaN where nothing is. */
export class BaseValues {
  readonly values: Float32Array

  constructor(length: number) {
    this.values = new Float32Array(length).fill(Number.NaN)
  }

  add(place: number, value: number): void {
    const sum = this.values[place]
    this.values[place] = Number.isNaN(sum) ? value : sum + value
  }
}

import type { FunctionBuilder } from '../assembly/assembler.js'

/** The sizes of chunks when `total` is cut into chunks of `size` and a smaller rest, each with how often it occurs. */
export function chunks(total: number, size: number): { size: number; count: number }[] {
  return [
    { size, count: Math.floor(total / size) },
    { size: total % size, count: 1 },
  ].filter(chunk => chunk.count > 0 && chunk.size > 0)
}

/** Emit `body` for each chunk of `total`, with its size. */
export function forEachChunk(
  f: FunctionBuilder,
  total: number,
  size: number,
  body: (size: number) => void,
): void {
  for (const chunk of chunks(total, size)) f.repeat(chunk.count, () => body(chunk.size))
}

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CheckpointError } from './checkpoint/index.js'

// dist/model/shipped.js -> model/shipped in the package's root
const file = fileURLToPath(
  new URL(/* @vite-ignore */ '../../model/shipped/detector.safetensors', import.meta.url),
)

/**
 * The path of the trained detector that comes with the package.
 * @throws CheckpointError when this copy of the package has none.
 */
export function shippedDetector(): string {
  if (existsSync(file)) return file
  throw new CheckpointError(
    file,
    'the trained detector is missing in this copy of the package; name a model or a detector',
  )
}

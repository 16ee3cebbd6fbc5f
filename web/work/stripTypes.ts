import { transform } from 'sucrase'

/**
 * JavaScript of a TypeScript text, with as many lines.
 * @throws Error for what is neither; the message ends in `(line:column)`.
 */
export const stripTypes = (text: string): string =>
  transform(text, { transforms: ['typescript'], disableESTransforms: true }).code

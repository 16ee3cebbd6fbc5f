/**
 * Event files for TensorBoard, from the bottom up: `events` has the messages in them, `histogram` what a summary of many
 * numbers is, an `eventFile` takes messages one by one, and a `tensorBoardLog` is what a training run writes into: which
 * of its metrics go where, and under which names.
 */
export { TensorBoardLog } from './tensorBoardLog.js'

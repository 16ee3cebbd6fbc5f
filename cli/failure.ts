import { CommanderError } from 'commander'
import { InputError } from '../data/index.js'
import { environment } from '../engine/index.js'
import { InvalidSettingsError, SettingsError } from '../model/index.js'
import { interruptExitCode, interrupted } from './interrupt.js'

/** What the process ends with, if it is not interrupted (`interruptExitCode`). */
export const exitCodes = { ok: 0, failure: 1, usage: 2, malformedInput: 3 } as const

/** A command line that makes no sense; the message says what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  // Whatever an interrupt breaks off may fail in its own way.
  if (interrupted.aborted) return interruptExitCode()
  if (error instanceof InputError || (error instanceof SettingsError && error.cause instanceof InputError))
    return exitCodes.malformedInput
  if (error instanceof UsageError || error instanceof InvalidSettingsError) return exitCodes.usage
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  return exitCodes.failure
}

/** What to tell the user about an error: one line, or with XENOGRAD_DEBUG=1 the stack. Undefined for no word. */
export function describeFailure(error: unknown): string | undefined {
  if (interrupted.aborted) return 'interrupted'
  // Help and version are thrown, too, when they have been printed.
  if (error instanceof CommanderError && !error.message.startsWith('error: ')) return undefined
  if (!(error instanceof Error)) return String(error)
  if (environment('XENOGRAD_DEBUG') === '1') return error.stack
  // The library calls settings by their names; here they are flags.
  const message = error instanceof SettingsError ? error.tell(name => `--${name}`) : error.message
  return message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')
}

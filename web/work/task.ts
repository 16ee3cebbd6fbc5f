/** What a task's function has of the page that waits for it. */
export type TaskContext<Report, Control> = {
  /** Tell the page something; `transfer`: buffers that are handed over instead of copied. */
  report(report: Report, transfer?: readonly Transferable[]): void
  /** Aborted when the page stops the task. */
  readonly signal: AbortSignal
  /**
   * To be awaited between parts of the work of at most some hundred milliseconds: the page's messages are read, a pause is
   * waited for. @throws AbortError when the page has stopped the task.
   */
  turn(): Promise<void>
  /** What the page has asked for last by `control`. */
  readonly control: Partial<Control>
}

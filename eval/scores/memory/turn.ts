let turning: Promise<void> | undefined

/** Lets the event loop see to signals and the terminal; those who wait go on together. */
export function turn(): Promise<void> {
  turning ??= new Promise(resolve =>
    setTimeout(() => {
      turning = undefined
      resolve()
    }),
  )
  return turning
}

import { useEffect, useState } from 'preact/hooks'
import { notify } from '../ui/notices.js'
import { route } from '../ui/route.js'

/**
 * A text that is loaded when it is first shown; undefined until then. When it is there, what the address has as `at` is
 * scrolled to, otherwise the beginning, and whoever reads by keyboard goes on there.
 */
export function useLoaded<T>(load: () => Promise<T>): T | undefined {
  const [text, setText] = useState<T>()
  const anchor = route.value.parameters.get('at')
  useEffect(() => {
    load().then(
      value => setText(() => value),
      (error: Error) => notify('error', `This text cannot be loaded: ${error.message}`),
    )
  }, [])
  useEffect(() => {
    if (text === undefined) return
    const target = anchor ? document.getElementById(anchor) : null
    if (target) target.scrollIntoView()
    else scrollTo(0, 0)
    const first = target ?? document.querySelector<HTMLElement>('.guide h1')
    first?.setAttribute('tabindex', '-1')
    first?.focus({ preventScroll: true })
  }, [text, anchor])
  return text
}

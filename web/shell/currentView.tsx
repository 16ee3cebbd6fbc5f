import { Component, type ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { View } from '../views.js'

type Props = { readonly view: View }

/** The code of views that have been shown. */
const loaded = new Map<string, ComponentType>()

/** A view: loaded when it is first asked for; where it fails, what went wrong and a way to try again. */
export function CurrentView({ view }: Props) {
  const [, setCount] = useState(0)
  const [failure, setFailure] = useState<string>()
  const Content = loaded.get(view.id)
  useEffect(() => {
    if (loaded.has(view.id)) return
    setFailure(undefined)
    view.load().then(
      component => {
        loaded.set(view.id, component)
        setCount(count => count + 1)
      },
      (error: Error) => setFailure(`${view.title} cannot be loaded: ${error.message}`),
    )
  }, [view])
  if (failure !== undefined) return <Failure text={failure} />
  if (!Content) return <p class="loading">Loading…</p>
  return (
    <Boundary key={view.id}>
      <Content />
    </Boundary>
  )
}

/** Keeps the rest of the page when a view throws. */
class Boundary extends Component<Record<never, never>, { readonly failure?: string }> {
  static override getDerivedStateFromError = (error: Error) => ({ failure: error.message })

  override render() {
    const { failure } = this.state
    return failure === undefined ? this.props.children : <Failure text={failure} />
  }
}

const Failure = ({ text }: { readonly text: string }) => (
  <div class="notice error" role="alert">
    <p>{text}</p>
    <button type="button" onClick={() => location.reload()}>
      Load the page again
    </button>
  </div>
)

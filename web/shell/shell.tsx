import { useEffect, useRef } from 'preact/hooks'
import { capabilities } from '../ui/capabilities.js'
import { Notices, notify } from '../ui/notices.js'
import { addressOf, route } from '../ui/route.js'
import { theme, toggleTheme } from '../ui/theme.js'
import { views } from '../views.js'
import { CurrentView } from './currentView.js'

/** Everything around a view: header with the views, messages, footer with what this browser can do. */
export function Shell() {
  const view = views.find(({ id }) => id === route.value.view) ?? views[0]
  const main = useRef<HTMLElement>(null)
  const first = useRef(true)
  useEffect(() => {
    document.title = `${view.title} · Xenograd`
    // Whoever follows a link by keyboard or screen reader goes on in what it opened.
    if (!first.current) main.current?.focus()
    first.current = false
  }, [view])
  useEffect(() => {
    if (!capabilities().simd)
      notify(
        'error',
        'This browser has no WebAssembly SIMD, in which everything is computed here: use Chrome or Edge 91, Firefox 89, Safari 16.4, or later.',
      )
  }, [])
  return (
    <>
      {/* No link: the address' hash is the view's. */}
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header current={view.id} />
      <Notices />
      <main id="main" ref={main} tabIndex={-1} aria-label={view.title}>
        <CurrentView view={view} />
      </main>
      <Footer />
    </>
  )
}

function Header({ current }: { readonly current: string }) {
  const other = theme.value === 'dark' ? 'light' : 'dark'
  return (
    <header class="page-header">
      <a class="brand" href={addressOf(views[0].id)}>
        <Mark />
        Xenograd
      </a>
      <nav aria-label="Views">
        {views.map(({ id, title }) => (
          <a key={id} href={addressOf(id)} aria-current={id === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <button
        type="button"
        class="quiet theme"
        aria-label={`Use ${other} colours`}
        title={`Use ${other} colours`}
        onClick={toggleTheme}
      >
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
          <circle cx="10" cy="10" r="7.25" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="M10 2.75a7.25 7.25 0 0 1 0 14.5z" fill="currentColor" />
        </svg>
      </button>
    </header>
  )
}

/** A distribution of scores, and the threshold through it. */
const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
    <path
      d="M4 25C12 25 11 9 16 9S20 25 28 25"
      fill="none"
      stroke="currentColor"
      stroke-width="2.5"
      stroke-linecap="round"
    />
    <path d="M20 5V28" stroke="var(--warm)" stroke-width="2" stroke-dasharray="2.5 2.5" />
  </svg>
)

function Footer() {
  const { simd, threads, processors } = capabilities()
  return (
    <footer class="page-footer">
      <p>Everything is computed on this device. Nothing that you open here is sent anywhere.</p>
      <p class="capabilities">
        {simd ? 'WebAssembly SIMD' : 'no WebAssembly SIMD'}
        {' · '}
        {threads ? `${processors} ${processors === 1 ? 'processor' : 'processors'}, threads` : 'one thread'}
      </p>
    </footer>
  )
}

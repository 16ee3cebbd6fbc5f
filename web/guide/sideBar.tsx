import { chapters, modules } from 'virtual:documents/contents'
import { useEffect, useRef } from 'preact/hooks'
import { addressOf, route } from '../ui/route.js'
import { addresses } from './addresses.js'

const wide = matchMedia('(min-width: 900px)')

/** All chapters and doors, beside what is read; on a narrow screen it opens when it is asked for. */
export function SideBar() {
  const details = useRef<HTMLDetailsElement>(null)
  const { parameters } = route.value
  useEffect(() => {
    const follow = () => {
      if (details.current) details.current.open = wide.matches
    }
    follow()
    wide.addEventListener('change', follow)
    return () => wide.removeEventListener('change', follow)
  }, [parameters])
  const current = (isCurrent: boolean) => (isCurrent ? 'page' : undefined)
  const chapter = parameters.get('chapter')
  const module = parameters.get('module')
  const links = (own: boolean) =>
    chapters
      .filter(other => other.own === own)
      .map(({ id, title }) => (
        <a key={id} href={addresses.chapter(id)} aria-current={current(id === chapter)}>
          {title}
        </a>
      ))
  return (
    <details class="side" ref={details}>
      <summary>Contents</summary>
      <nav aria-label="Guide">
        <a href={addressOf('guide')} aria-current={current(!chapter && !module)}>
          Overview
        </a>
        <h2>Guide</h2>
        {links(true)}
        <h2>Reference</h2>
        {modules.map(({ id, name }) => (
          <a key={id} href={addresses.module(id)} aria-current={current(id === module)}>
            <code>{name}</code>
          </a>
        ))}
        <h2>More</h2>
        {links(false)}
      </nav>
    </details>
  )
}

/**
 * The view `#guide`: chapters, the reference of all public names, and a search over both.
 *
 * The address says what is shown (`addresses`): the contents, a chapter (`#guide?chapter=writeACell`), a door of the
 * package (`#guide?module=model`) or a name of it (`…&name=Scorer`). Their texts are made of `chapters/` and of docstrings
 * when the page is built (`documents`; `vite/documents` makes them), and loaded when they are asked for (`useLoaded`).
 */
import { chapters, modules } from 'virtual:documents/contents'
import { useEffect } from 'preact/hooks'
import { route } from '../ui/route.js'
import { ChapterView } from './chapterView.js'
import { Contents } from './contents.js'
import './guide.css'
import { ModuleView } from './moduleView.js'
import { SearchBox } from './searchBox.js'
import { SideBar } from './sideBar.js'

export function GuideView() {
  const { parameters } = route.value
  const chapter = chapters.find(({ id }) => id === parameters.get('chapter'))
  const module = modules.find(({ id }) => id === parameters.get('module'))
  const name = parameters.get('name') ?? ''
  const shown = chapter?.id ?? (module && `${module.id} ${name}`)
  useEffect(() => {
    document.title = `${[...(name ? [name] : []), ...(chapter ? [chapter.title] : []), ...(module ? [module.name] : []), 'Guide'].join(' · ')} · Xenograd`
  }, [shown])
  return (
    <div class="guide">
      <aside>
        <SearchBox />
        <SideBar />
      </aside>
      {chapter ? (
        <ChapterView key={shown} chapter={chapter} />
      ) : module ? (
        <ModuleView key={shown} module={module} name={name} />
      ) : (
        <Contents />
      )}
    </div>
  )
}

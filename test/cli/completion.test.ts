import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { completionScript, shells } from '../../cli/completion.js'
import { xenogradProgram } from '../../cli/program.js'
import { scratch } from './support.js'

const folder = scratch()
const program = xenogradProgram()
for (const shell of shells) writeFileSync(join(folder, shell), completionScript(program, shell))

/** What a shell prints; undefined where there is no such shell. */
function printed(shell: string, script: string): string | undefined {
  const { stdout, error } = spawnSync(shell, ['-c', script], { encoding: 'utf8', cwd: folder })
  return error ? undefined : stdout
}

test('bash completes every option of every command, and the values that an option takes', t => {
  const complete = (...words: string[]) =>
    `COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _xenograd; echo "\${COMPREPLY[*]}"`
  const commands = program.commands.filter(command => command.name() !== 'help')
  const lines = [
    complete('xenograd', ''),
    complete('xenograd', 'evaluate', '--cluster', 'g'),
    complete('xenograd', 'evaluate', '--cluster', '=', 'g'),
    complete('xenograd', 'score', 'reads'),
    ...commands.map(command => complete('xenograd', command.name(), '--')),
  ]
  const output = printed('bash', ['source ./bash', ...lines].join('\n'))
  if (output === undefined) return t.end()
  const [names, choices, afterEquals, files, ...options] = output.split('\n')
  t.equal(names, commands.map(command => command.name()).join(' '))
  t.equal(choices, 'genome genus')
  t.equal(afterEquals, 'genome genus')
  t.equal(files, '', 'the shell completes files')
  for (const [i, command] of commands.entries()) {
    const visible = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long)
    const completed = options[i].split(' ')
    t.deepEqual(
      visible.filter(long => long && !completed.includes(long)),
      [],
      command.name(),
    )
  }
  t.end()
})

test('fish and zsh take their scripts', {
  skip: !printed('fish', 'echo 1') || !printed('zsh', 'echo 1'),
}, t => {
  const completed = printed('fish', "source ./fish; complete -C 'xenograd evaluate --cluster g'")
  t.match(completed ?? '', /^genome\t.*\ngenus\t/)
  const ofZsh = 'autoload -Uz compinit; compinit -u -d ./dump; source ./zsh; echo $_comps[xenograd]'
  t.equal(printed('zsh', ofZsh), '_xenograd\n')
  t.end()
})

import test from 'tape'
import { parseJson } from '../../../data/io/json.js'

test('parseJson: says where a text goes wrong, in words of ours', t => {
  t.deepEqual(parseJson('{"a": [1]}'), { a: [1] })
  const messageOf = (text: string) => {
    try {
      return `parsed: ${parseJson(text)}`
    } catch (error) {
      return (error as Error).message
    }
  }
  t.equal(messageOf(' \n'), 'not JSON: it is empty')
  t.match(messageOf('{"a": 1'), /^not JSON: it breaks off/)
  t.match(messageOf('{\n"a": 1,\n"b" 2}'), /^not JSON: it (goes wrong at line 3, column 5|begins with)/)
  for (const text of ['x', '{a}', '[1,]', '"\x01"'])
    t.doesNotMatch(messageOf(text), /Unexpected|token|position|undefined/, text)
  t.end()
})

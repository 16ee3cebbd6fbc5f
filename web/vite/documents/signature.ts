import ts from 'typescript5'

/** The most lines of a value that are shown with its name. */
const mostLines = 20

/** What can be written of a declaration without its body: as in the source, without `export` and its docstring. */
export function signatureOf(node: ts.Node): string {
  if (ts.isFunctionDeclaration(node)) return `${node.asteriskToken ? 'function*' : 'function'} ${named(node)}`
  if (ts.isVariableDeclaration(node)) return ofVariable(node)
  if (ts.isClassDeclaration(node)) return headOfClass(node)
  if (ts.isMethodDeclaration(node)) return `${modifiers(node)}${node.asteriskToken ? '*' : ''}${named(node)}`
  if (ts.isConstructorDeclaration(node)) return `constructor${parameters(node)}`
  if (ts.isGetAccessor(node)) return `get ${named(node)}`
  if (ts.isSetAccessor(node)) return `set ${named(node)}`
  if (ts.isPropertyDeclaration(node)) return ofProperty(node)
  return withoutExport(node.getText())
}

const withoutExport = (text: string): string =>
  text.replace(/^export (declare )?/, '').replace(/^\s*\/\/ biome-ignore .*\n/gm, '')

const modifiers = (node: ts.HasModifiers): string =>
  (ts.getModifiers(node) ?? [])
    .filter(({ kind }) => kind !== ts.SyntaxKind.PublicKeyword && kind !== ts.SyntaxKind.OverrideKeyword)
    .map(modifier => `${modifier.getText()} `)
    .join('')

/** `<T>(a: A, b: B): C` of a function, with line breaks as in the source. */
function parameters(node: ts.SignatureDeclaration): string {
  const types = node.typeParameters?.length
    ? `<${node.typeParameters.map(type => type.getText()).join(', ')}>`
    : ''
  const list = node.parameters.map(parameter => withoutDefaults(parameter))
  const oneLine = list.join(', ')
  const returned = node.type ? `: ${node.type.getText()}` : ''
  const broken = (types + oneLine + returned).length > 76 || oneLine.includes('\n')
  return `${types}(${broken ? `\n  ${list.join(',\n  ')},\n` : oneLine})${returned}`
}

/** A parameter by its name and type; one that is taken apart in the function's head is called `options`. */
function withoutDefaults({
  name,
  type,
  initializer,
  questionToken,
  dotDotDotToken,
}: ts.ParameterDeclaration): string {
  const label = ts.isObjectBindingPattern(name) ? 'options' : name.getText()
  const value = initializer?.getText()
  const optional = questionToken || value === '{}' ? '?' : ''
  const otherwise = value !== undefined && value !== '{}' ? ` = ${value}` : ''
  return `${dotDotDotToken ? '...' : ''}${label}${optional}${type ? `: ${type.getText()}` : ''}${otherwise}`
}

const named = (node: ts.SignatureDeclaration): string => `${node.name?.getText() ?? ''}${parameters(node)}`

function ofVariable({ name, type, initializer }: ts.VariableDeclaration): string {
  if (initializer && ts.isArrowFunction(initializer) && !type)
    return `function ${name.getText()}${parameters(initializer)}`
  if (type) return `const ${name.getText()}: ${type.getText()}`
  const value = initializer?.getText() ?? ''
  const shown = value.split('\n').length <= mostLines ? value : `${value.split('\n')[0]} …`
  return `const ${name.getText()} = ${shown}`
}

function headOfClass(node: ts.ClassDeclaration): string {
  const types = node.typeParameters?.map(type => type.getText()).join(', ')
  const heritage = node.heritageClauses?.map(clause => ` ${clause.getText()}`).join('') ?? ''
  return `class ${node.name?.getText()}${types ? `<${types}>` : ''}${heritage}`
}

const ofProperty = (node: ts.PropertyDeclaration): string =>
  `${modifiers(node)}${node.name.getText()}${node.type ? `: ${node.type.getText()}` : ''}`

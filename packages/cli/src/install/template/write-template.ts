import { stringify } from 'yaml';
import { specAt, type ValueSpec, type ValueTree } from '../values/value-spec.ts';
import { type Builtin, builtinOf, type Hole, Optional, partsOf, type Tree, When, YamlText } from './tree.ts';

const builtins: Readonly<Record<Builtin, string>> = {
  namespace: '.Release.Namespace',
  version: '.Values.image.version | default .Chart.AppVersion',
  installer: '.Release.Service',
  values: '.Values | toJson',
};

/** A tree as a template of Helm's, as a person would write it. */
export function writeTemplate(tree: Tree, values: ValueTree): string {
  return `${new TemplateWriter(values).write(tree, 0).join('\n')}\n`;
}

class TemplateWriter {
  readonly #values: ValueTree;

  constructor(values: ValueTree) {
    this.#values = values;
  }

  /** The lines of an object or a list, at an indentation. */
  write(tree: Tree, indent: number): readonly string[] {
    if (Array.isArray(tree)) return tree.flatMap((item) => this.#item(item, indent));
    return Object.entries(tree as { readonly [key: string]: Tree }).flatMap(([key, child]) =>
      this.#entry(key, child, indent),
    );
  }

  #entry(key: string, child: Tree, indent: number): readonly string[] {
    const pad = ' '.repeat(indent);
    const name = plainText(key);
    if (child instanceof When) return this.#when(child, indent, (tree) => this.#entry(key, tree, indent));
    if (child instanceof Optional) return this.#optional(name, child.path, indent);
    if (child instanceof YamlText) return [`${pad}${name}: |`, ...this.write(child.tree, indent + 2)];
    if (typeof child === 'string') {
      const [part, ...more] = partsOf(child);
      if (typeof part === 'object' && more.length === 0 && this.#isTree(part)) {
        return [`${pad}${name}:`, this.#toYaml(part.path, indent + 2)];
      }
    }
    if (child === null || typeof child !== 'object') return [`${pad}${name}: ${this.#scalar(child)}`];
    if (Object.keys(child).length === 0) return [`${pad}${name}: ${Array.isArray(child) ? '[]' : '{}'}`];
    return [`${pad}${name}:`, ...this.write(child, indent + 2)];
  }

  #item(item: Tree, indent: number): readonly string[] {
    const pad = ' '.repeat(indent);
    if (item instanceof When) return this.#when(item, indent, (tree) => this.#item(tree, indent));
    if (item === null || typeof item !== 'object') return [`${pad}- ${this.#scalar(item)}`];
    if (Object.keys(item).length === 0) return [`${pad}- {}`];
    const [first = '', ...rest] = this.write(item, indent + 2);
    // A directive at its start would take the place of the dash.
    if (first.trimStart().startsWith('{{-'))
      throw new Error('an item may not begin with what may be left out');
    return [`${pad}- ${first.trimStart()}`, ...rest];
  }

  #when({ path, tree }: When, indent: number, write: (tree: Tree) => readonly string[]): readonly string[] {
    const pad = ' '.repeat(indent);
    return [`${pad}{{- if .Values.${path} }}`, ...write(tree), `${pad}{{- end }}`];
  }

  #optional(name: string, path: string, indent: number): readonly string[] {
    const pad = ' '.repeat(indent);
    const spec = specAt(this.#values, path);
    const end = `${pad}{{- end }}`;
    switch (spec.kind) {
      case 'list':
      case 'object':
        return [
          `${pad}{{- with .Values.${path} }}`,
          `${pad}${name}:`,
          `${pad}  {{- toYaml . | nindent ${indent + 2} }}`,
          end,
        ];
      case 'text':
      case 'choice':
        return [`${pad}{{- with .Values.${path} }}`, `${pad}${name}: {{ . | quote }}`, end];
      default:
        // 0 and false are values, which `with` would leave out.
        return [
          `${pad}{{- if not (kindIs "invalid" .Values.${path}) }}`,
          `${pad}${name}: {{ ${expression(path, spec)} }}`,
          end,
        ];
    }
  }

  #isTree({ path }: Hole): boolean {
    return builtinOf(path) === null && ['list', 'object'].includes(specAt(this.#values, path).kind);
  }

  #toYaml(path: string, indent: number): string {
    return `${' '.repeat(indent)}{{- toYaml .Values.${path} | nindent ${indent} }}`;
  }

  #scalar(scalar: Tree): string {
    if (typeof scalar !== 'string') return JSON.stringify(scalar);
    const parts = partsOf(scalar);
    if (parts.every((part) => typeof part === 'string')) return plainText(scalar);
    if (parts.length === 1) return `{{ ${this.#typed(parts[0] as Hole)} }}`;
    const inner = parts.map((part) =>
      typeof part === 'string' ? JSON.stringify(part).slice(1, -1) : `{{ ${this.#expression(part.path)} }}`,
    );
    return `"${inner.join('')}"`;
  }

  /** Alone in its place: a text is quoted. */
  #typed({ path, isText }: Hole): string {
    const written = this.#expression(path);
    if (builtinOf(path) !== null) return `${written} | quote`;
    const { kind } = specAt(this.#values, path);
    return isText || kind === 'text' || kind === 'choice' ? `${written} | quote` : written;
  }

  #expression(path: string): string {
    const name = builtinOf(path);
    return name === null ? expression(path, specAt(this.#values, path)) : builtins[name];
  }
}

/** Helm's numbers are floating: a large one would be written with an exponent. */
function expression(path: string, { kind }: ValueSpec): string {
  return `.Values.${path}${kind === 'integer' ? ' | int64' : ''}`;
}

function plainText(text: string): string {
  return stringify(text, {
    lineWidth: 0,
    blockQuote: false,
    defaultStringType: 'PLAIN',
    compat: 'yaml-1.1',
  }).trimEnd();
}

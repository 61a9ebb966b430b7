import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { rootDir } from '../bootstrap/project.mjs';
import { projectFiles } from './project-files.mjs';

const requiredPages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'LICENSE'];

export const links = {
  name: 'links',
  about: 'every link and heading that the documentation points at exists',
  run: async () => {
    const names = (await projectFiles()).filter(
      (name) => name.endsWith('.md') && !/(^|\/)fixtures\//.test(name),
    );
    const faults = requiredPages
      .filter((name) => !existsSync(join(rootDir, name)))
      .map((name) => `${name} is missing`);
    for (const name of names) {
      const text = await readFile(join(rootDir, name), 'utf8');
      for (const { target, line } of relativeLinks(text)) {
        const fault = await faultOf(name, target);
        if (fault !== null) faults.push(`${name}:${line} ${fault}`);
      }
    }
    return { ok: faults.length === 0, output: faults.join('\n') };
  },
};

/** Links of a page to other files or headings of the project, with their lines; code is left out. */
export function relativeLinks(markdown) {
  const found = [];
  withoutCode(markdown)
    .split('\n')
    .forEach((text, index) => {
      const targets = [
        ...text.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g),
        ...text.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/g),
      ];
      for (const [, target] of targets) {
        if (!/^[a-z][a-z0-9+.-]*:/i.test(target)) found.push({ target, line: index + 1 });
      }
    });
  return found;
}

/** The anchors that GitHub makes of a page's headings. */
export function headingAnchors(markdown) {
  const seen = new Map();
  return [...withoutCode(markdown, { keepInline: true }).matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)].map(
    ([, title]) => {
      const plain = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const anchor = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-');
      const count = seen.get(anchor) ?? 0;
      seen.set(anchor, count + 1);
      return count === 0 ? anchor : `${anchor}-${count}`;
    },
  );
}

async function faultOf(page, target) {
  const [path, anchor] = target.split('#');
  const file =
    path === '' ? page : normalize(join(path.startsWith('/') ? '.' : dirname(page), decodeURI(path)));
  if (!existsSync(join(rootDir, file))) return `${target}: no such file`;
  if (anchor === undefined || !file.endsWith('.md')) return null;
  const anchors = headingAnchors(await readFile(join(rootDir, file), 'utf8'));
  return anchors.includes(anchor) ? null : `${target}: no such heading`;
}

/** Blanks out code, keeping the lines where they are. */
function withoutCode(markdown, { keepInline = false } = {}) {
  const blank = (text) => text.replaceAll(/[^\n]/g, ' ');
  const prose = markdown.replaceAll(
    /^( {0,3})(```+|~~~+)[^\n]*\n[\s\S]*?(?:^ {0,3}\2[^\n]*$|(?![\s\S]))/gm,
    blank,
  );
  return keepInline ? prose : prose.replaceAll(/`[^`\n]*`/g, blank);
}

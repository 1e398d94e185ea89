// A part of the build: puts the licences of everything that ends up in the output beside it, as licences.txt.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const rootOf = (file) => {
  const at = file.lastIndexOf('/node_modules/');
  if (at < 0) return undefined;
  const rest = file.slice(at + '/node_modules/'.length).split('/');
  return join(file.slice(0, at), 'node_modules', rest[0].startsWith('@') ? `${rest[0]}/${rest[1]}` : rest[0]);
};

const licenceOf = (root) => {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const file = readdirSync(root).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  const text = file
    ? readFileSync(join(root, file), 'utf8').replaceAll('\r\n', '\n').trim()
    : '(no text in the package)';
  return `${name} ${version} (${license})\n\n${text}\n`;
};

export const licences = () => ({
  name: 'licences',
  apply: 'build',
  generateBundle() {
    const roots = new Set();
    for (const id of this.getModuleIds()) {
      const file = id.split('?')[0].replaceAll('\\', '/');
      const root = rootOf(file);
      if (root && existsSync(join(root, 'package.json'))) roots.add(root);
      else if (root) roots.add(rootOf(dirname(root)) ?? root);
    }
    // What style sheets import leaves no trace among the modules.
    for (const name of ['tailwindcss', '@fontsource-variable/inter'])
      roots.add(join(process.cwd(), 'node_modules', name));
    const source = [...roots]
      .map(licenceOf)
      .sort()
      .join(`\n${'-'.repeat(80)}\n\n`);
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
  },
});

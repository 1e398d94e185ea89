// Writes src/api/generated.ts from the control API's OpenAPI document: its types, and where each operation is.
// With --check it writes nothing and fails when the file is not what it would write.
import { readFileSync, writeFileSync } from 'node:fs';

const document = new URL('../../../api/openapi.json', import.meta.url);
const target = new URL('../src/api/generated.ts', import.meta.url);
const api = JSON.parse(readFileSync(document, 'utf8'));

const comment = (text, indent) =>
  text ? `${indent}/** ${text.replaceAll('*/', '*').replace(/\s*\n\s*/g, ' ')} */\n` : '';
const key = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name));

const typeOf = (schema) => {
  if (!schema || schema === true) return 'unknown';
  if (schema.$ref) return schema.$ref.split('/').at(-1);
  const union = schema.oneOf ?? schema.anyOf;
  if (union) return [...new Set(union.map(typeOf))].join(' | ');
  if (schema.allOf) return schema.allOf.map(typeOf).join(' & ');
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if ('const' in schema) return JSON.stringify(schema.const);
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return types.map((type) => plain(type, schema)).join(' | ');
};

const plain = (type, schema) => {
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'string' || type === 'boolean' || type === 'null') return type;
  if (type === 'array') {
    const items = typeOf(schema.items);
    return /[|&]/.test(items) ? `(${items})[]` : `${items}[]`;
  }
  if (schema.properties) return members(schema, '  ');
  if (schema.additionalProperties) return `Record<string, ${typeOf(schema.additionalProperties)}>`;
  return type === 'object' ? 'Record<string, unknown>' : 'unknown';
};

const members = (schema, indent) => {
  const required = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties).map(
    ([name, value]) =>
      `${comment(value.description, indent)}${indent}${key(name)}${required.has(name) ? '' : '?'}: ${typeOf(value)};\n`,
  );
  return `{\n${lines.join('')}${indent.slice(2)}}`;
};

const schemas = Object.entries(api.components.schemas)
  .map(([name, schema]) => {
    const head = comment(schema.description, '');
    return schema.properties && !Array.isArray(schema.type)
      ? `${head}export interface ${name} ${members(schema, '  ')}\n`
      : `${head}export type ${name} = ${typeOf(schema)};\n`;
  })
  .join('\n');

const resolved = (parameter) =>
  parameter.$ref ? api.components.parameters[parameter.$ref.split('/').at(-1)] : parameter;
const parametersOf = (list, where) => {
  const found = list.filter((parameter) => parameter.in === where);
  if (!found.length) return 'Nothing';
  return `{ ${found.map((p) => `${key(p.name)}${p.required ? '' : '?'}: ${typeOf(p.schema)}`).join('; ')} }`;
};
const jsonOf = (content) => (content?.['application/json'] ? typeOf(content['application/json'].schema) : 'undefined');

const found = [];
for (const [path, item] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    if (!['get', 'put', 'post', 'patch', 'delete'].includes(method)) continue;
    const list = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolved);
    const good = Object.entries(operation.responses).find(([status]) => status.startsWith('2'));
    found.push({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      summary: operation.summary,
      shape: `{ path: ${parametersOf(list, 'path')}; query: ${parametersOf(list, 'query')}; body: ${jsonOf(operation.requestBody?.content)}; answer: ${jsonOf(good?.[1].content)} }`,
    });
  }
}

const text = `// Generated from crates/api/openapi.json by scripts/api.js. Do not edit.

/** No parameters. */
export type Nothing = Record<never, never>;

${schemas}
/** Every operation: what it takes and what it answers. */
export interface Operations {
${found.map((o) => `${comment(o.summary, '  ')}  ${key(o.id)}: ${o.shape};\n`).join('')}}

/** Where every operation is. */
export const routes: { readonly [O in keyof Operations]: readonly [method: string, path: string] } = {
${found.map((o) => `  ${key(o.id)}: [${JSON.stringify(o.method)}, ${JSON.stringify(o.path)}],\n`).join('')}};
`;

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/api/generated.ts is not what crates/api/openapi.json says: run npm run api');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}

'use strict';

// The service with gateways, as a process of its own: node lounge-process.js <ws or socket.io>
const path = require('node:path');
const { transformFileSync } = require('@swc/core');

const ROOT = path.resolve(__dirname, '../..');
const parser = { syntax: 'typescript', decorators: true };
const transform = { legacyDecorator: true, decoratorMetadata: true };

require.extensions['.ts'] = (module, file) => {
  const options = { jsc: { parser, transform, target: 'es2023' }, module: { type: 'commonjs' }, swcrc: false };
  module._compile(transformFileSync(file, options).code, file);
};
require('reflect-metadata');
const { adapterOf, LoungeModule } = require('./lounge.module.ts');
const { loadConfig } = require(path.join(ROOT, 'dist/src/config/load-config.js'));
const { start } = require(path.join(ROOT, 'dist/src/main.js'));

const kind = process.argv[2];
start(loadConfig({ env: process.env, cwd: ROOT }), {
  extend: [LoungeModule.of(kind)],
  prepare: adapterOf(kind),
}).catch((error) => {
  console.error(error);
  process.exit(1);
});

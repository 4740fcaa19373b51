// What a look-up per request costs at the least: no framework, no hashing, one prepared read by primary key.
import { createServer } from 'node:http';
import pg from 'pg';
import { report } from './lifecycle.mjs';

const UUID = /^Bearer ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const USER = { name: 'user_by_id', text: 'SELECT id AS user_id, tenant_id FROM users WHERE id = $1' };

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
pool.on('error', (error) => console.error(error.message));

async function findUser(authorization) {
  const id = UUID.exec(authorization ?? '')?.[1];
  return id ? (await pool.query({ ...USER, values: [id] })).rows[0] : undefined;
}

async function answer(request, response) {
  const user = request.url === '/bench/whoami' ? await findUser(request.headers.authorization) : undefined;
  const body = user ? JSON.stringify(user) : '{"code":"invalid_token"}';
  const headers = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(user ? 200 : 401, headers).end(body);
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(503).end());
});
server.listen(0, '127.0.0.1', () => report(server, () => pool.end()));

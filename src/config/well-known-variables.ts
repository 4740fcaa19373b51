import { Layer } from './layer';

const REFERENCES = {
  'server.port': '${PORT:-4000}',
  'server.public_url': '${PUBLIC_URL:-}',
  'database.url': '${DATABASE_URL:-}',
  'redis.url': '${REDIS_URL:-}',
  'mail.url': '${SMTP_URL:-}',
  data_dir: '${LATCHKEY_DATA_DIR:-.latchkey}',
  'auth.secret': '${LATCHKEY_SECRET:-}',
  'auth.jwt.secret': '${JWT_SECRET:-}',
};

/** The lowest layer: variables that are read for a file that does not mention their keys. */
export function wellKnownVariables(): Layer {
  const layer = new Layer();
  for (const [key, value] of Object.entries(REFERENCES)) layer.set({ path: key.split('.'), value, origin: {} });
  return layer;
}

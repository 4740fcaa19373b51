// The service as it is shipped, with one more module: the route that is measured.
import { createApp } from '../../dist/src/create-app.js';
import { createLogger } from '../../dist/src/common/logger.js';
import { loadConfig } from '../../dist/src/config/load-config.js';
import { issueTokens } from './issue-tokens.mjs';
import { report } from './lifecycle.mjs';
import { WhoamiModule } from './whoami.mjs';

const config = loadConfig();
const app = await createApp({ config, logger: createLogger(config.log.level), extend: [WhoamiModule] });
if (process.env.BENCH_ISSUE) await issueTokens(app, JSON.parse(process.env.BENCH_ISSUE));
await app.listen(0, '127.0.0.1');
report(app.getHttpServer(), () => app.close());

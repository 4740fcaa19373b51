import { openPostgresStore } from './postgres-store';
import { sessionStoreContract } from './session-store.contract';

sessionStoreContract('PostgreSQL', openPostgresStore);

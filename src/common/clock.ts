export { Clock } from '@latchkey/nest';

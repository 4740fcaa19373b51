export * from './as-user';

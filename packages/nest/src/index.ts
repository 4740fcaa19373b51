export * from './access-token-verifier';
export * from './auth-context';
export * from './auth-error';
export * from './request-context';

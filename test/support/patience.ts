// Generous: what a test waits for has bounds of its own, and a busy machine is no failure.
jest.setTimeout(60_000);

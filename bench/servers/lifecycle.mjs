/** Tells the harness where this server listens, and ends the process when the harness lets go of it or is gone. */
export function report(httpServer, close) {
  process.once('disconnect', async () => {
    await close();
    process.exit(0);
  });
  process.send({ port: httpServer.address().port });
}

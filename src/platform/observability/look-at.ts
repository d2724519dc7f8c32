/** While the database is away there may be nothing to look at; everything else is to be read all the same. */
export async function lookAt<T>(read: () => T | Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}

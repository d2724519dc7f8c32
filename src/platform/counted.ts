/** `1 request`, `2 requests`. @param many where an s behind it will not do */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

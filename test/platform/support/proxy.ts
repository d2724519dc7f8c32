import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * Stands between the product and a service. It can be cut: every connection ends, and new ones are refused. Or frozen:
 * connections stay, and nothing goes through any more.
 */
export class Proxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #frozen = false;
  #port = 0;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
  }

  static async to(host: string, port: number): Promise<Proxy> {
    const proxy = new Proxy({ host, port });
    await proxy.restore();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const socket of this.#sockets) socket.destroy();
    server?.close();
    if (server) await once(server, 'close');
  }

  /** Listens again, on the port that it had. */
  async restore(): Promise<void> {
    const server = createServer((socket) => this.#forward(socket));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  freeze(): void {
    this.#frozen = true;
  }

  /** New connections work again; those that were frozen have lost what was sent over them, and stay silent. */
  thaw(): void {
    this.#frozen = false;
  }

  #forward(socket: Socket): void {
    const onward = connect(this.#target);
    const lost = { data: false };
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('data', (chunk) => {
        lost.data ||= this.#frozen;
        if (!lost.data) to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

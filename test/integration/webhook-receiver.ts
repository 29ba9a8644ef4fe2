import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebhookMessage } from '@housestyle/contracts';
import { Webhook } from 'standardwebhooks';

export interface ReceivedMessage {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Answer = number | 'hang' | { readonly redirect: string };

/** A receiver as its author would write one: on each path it keeps what came, and answers what it was told to. */
export class WebhookReceiver {
  readonly messages: ReceivedMessage[] = [];
  /** requests that are not answered, and never will be */
  held = 0;
  private readonly answers = new Map<string, Answer[]>();

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const path = request.url!.slice(1);
        this.messages.push({ path, headers: single(request.headers), body });
        this.answer(path, response);
      });
    });
  }

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new WebhookReceiver(server);
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${path}`;
  }

  /** What the next requests to `path` get, one after the other; the last stays. */
  answerWith(path: string, ...answers: Answer[]): void {
    this.answers.set(path, answers);
  }

  at(path: string): ReceivedMessage[] {
    return this.messages.filter((message) => message.path === path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(path: string, response: ServerResponse): void {
    const answers = this.answers.get(path) ?? [204];
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer === 'hang') {
      this.held += 1;
      response.on('close', () => (this.held -= 1));
    } else if (typeof answer === 'number') response.writeHead(answer).end('a body that nobody keeps');
    else response.writeHead(302, { location: answer.redirect }).end();
  }
}

/** As docs/webhooks.md tells receivers to. @throws WebhookVerificationError */
export const verified = ({ body, headers }: Pick<ReceivedMessage, 'body' | 'headers'>, secret: string) =>
  new Webhook(secret).verify(body, { ...headers }) as WebhookMessage;

const single = (headers: IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

import { DomainError } from '@housestyle/domain';
import { request, type Agent } from 'undici';

import { addressRule } from './address-policy.js';
import { withDeadline } from './deadline.js';
import { createGuardedAgent } from './guarded-agent.js';
import { toSourceError } from './http-source.js';
import { assertHttpUri, type HttpUriRule, type OutboundRules } from './outbound-rules.js';

export interface GuardedPosterSettings extends OutboundRules {
  /** without the colon */
  readonly allowedSchemes: readonly string[];
  /** for the whole exchange, from the look-up to the answer's headers */
  readonly timeoutMs: number;
}

/** Of an answer nothing is read but its status, and its headers are bounded by the agent. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Sends bytes to an address that a stranger chose, under the same rule as pictures are fetched: checked where the
 * socket is opened, no redirect followed, no cookie, credential or proxy of ours. The answer's body is never read, so
 * that nothing it says can be shown to whoever chose the address.
 */
export class GuardedPoster {
  private readonly agent: Agent;
  private readonly rule: HttpUriRule;

  constructor(private readonly settings: GuardedPosterSettings) {
    const { allowedPorts, allowedSchemes, timeoutMs, lookUp } = settings;
    const isAddressAllowed = addressRule(settings);
    this.rule = { isAddressAllowed, allowedSchemes, ...(allowedPorts && { allowedPorts }) };
    this.agent = createGuardedAgent({
      isAddressAllowed,
      timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      ...(lookUp && { lookUp }),
    });
  }

  /**
   * @returns the answer's status, whatever it is
   * @throws DomainError `uri_not_allowed`, `address_not_allowed`, `source_timeout`, `source_unavailable`
   */
  async post(uri: string, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
    if (!URL.canParse(uri)) throw new DomainError('uri_not_allowed', 'not an absolute URI');
    const url = new URL(uri);
    assertHttpUri(url, this.rule);
    return withDeadline(
      this.settings.timeoutMs,
      undefined,
      async (signal) => {
        try {
          // a connection of its own each time: one kept open may be closed by the other side under the next request
          const options = { method: 'POST', dispatcher: this.agent, reset: true, headers, body, signal } as const;
          const answer = await request(url, options);
          answer.body.on('error', () => undefined).destroy();
          return answer.statusCode;
        } catch (error) {
          throw toSourceError(error, url, MAX_ANSWER_BYTES);
        }
      },
      'answer',
    );
  }

  /** Ends what is in flight. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

import { findProvider } from '@pydantic/genai-prices';
import type { Offer } from './catalogue.ts';

/** Whoever runs models themselves, by the ids of the price lists, which cannot be listed; nobody who only hands calls on. */
const HOSTS = [
  'anthropic',
  'avian',
  'aws',
  'azure',
  'cerebras',
  'deepseek',
  'fireworks',
  'google',
  'groq',
  'mistral',
  'moonshotai',
  'novita',
  'openai',
  'ovhcloud',
  'together',
] as const;

/** A model as one provider offers it. */
export interface HostedModel extends Offer {
  readonly provider: string;
}

/** Who else runs the same model: the weights of many are open to everybody. */
export class ModelHosts {
  #byName: ReadonlyMap<string, readonly HostedModel[]> | null = null;

  /**
   * The same model at other providers of the public price lists: of the same name, publisher and case aside. One whose name says
   * something else besides, such as a precision, is another one.
   */
  elsewhere(provider: string, model: string): readonly HostedModel[] {
    this.#byName ??= hostedByName();
    return (this.#byName.get(bareName(model)) ?? []).filter((hosted) => hosted.provider !== provider);
  }
}

function hostedByName(): Map<string, HostedModel[]> {
  const hosted = HOSTS.flatMap((provider) => {
    const models = findProvider({ providerId: provider })?.models ?? [];
    return models
      .filter(({ deprecated }) => deprecated !== true)
      .map(({ id, context_window: contextWindow }) => ({ provider, model: id, contextWindow: contextWindow ?? null }));
  });
  return Map.groupBy(hosted, ({ model }) => bareName(model));
}

/** `Meta-Llama/Llama-3.1-8B-Instruct` and `llama-3.1-8b-instruct` are one. */
function bareName(model: string): string {
  return model.toLowerCase().slice(model.lastIndexOf('/') + 1);
}

// Asks a model through an official SDK and prints, as one line of JSON, what a program sees: node ask.mjs openai|anthropic ADDRESS KEY json|stream PROMPT
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';

const [vendor, address, key, kind, prompt] = process.argv.slice(2);
const isStream = kind === 'stream';
const messages = [{ role: 'user', content: prompt }];
let text = '';
let outputTokens = null;

async function askOpenAI() {
  const client = new OpenAI({ apiKey: key, baseURL: `${address}v1`, maxRetries: 5 });
  const request = { model: 'quill', messages, max_completion_tokens: 32000 };
  if (!isStream) {
    const answer = await client.chat.completions.create(request);
    text = answer.choices[0].message.content;
    outputTokens = answer.usage.completion_tokens;
    return;
  }
  const stream = await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } });
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    outputTokens = chunk.usage?.completion_tokens ?? outputTokens;
  }
}

async function askAnthropic() {
  const client = new Anthropic({ apiKey: key, baseURL: address, maxRetries: 5 });
  const request = { model: 'quill', messages, max_tokens: 20000 };
  if (!isStream) {
    const answer = await client.messages.create(request);
    text = answer.content[0].text;
    outputTokens = answer.usage.output_tokens;
    return;
  }
  const stream = await client.messages.create({ ...request, stream: true });
  for await (const event of stream) {
    if (event.type === 'content_block_delta') text += event.delta.text;
    if (event.type === 'message_delta') outputTokens = event.usage.output_tokens;
  }
}

try {
  await (vendor === 'openai' ? askOpenAI() : askAnthropic());
  console.log(JSON.stringify({ Text: text, OutputTokens: outputTokens }));
} catch (error) {
  if (!(error instanceof OpenAI.APIError || error instanceof Anthropic.APIError)) throw error;
  console.log(JSON.stringify({ Text: text, Error: error.constructor.name, Status: error.status, Code: JSON.stringify(error.error ?? error.code ?? null), Message: error.message }));
}

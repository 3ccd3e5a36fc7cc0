/**
 * The exchange of the demo: a paper exchange whose account trades BTCUSDT at 10x, as the documented example does.
 * Prints one line, `{"url","key","secret"}`, when it is ready, and ends when its input does.
 */
import { createHmac } from 'node:crypto';
import { startExchange } from './paper-exchange/index.ts';

const exchange = await startExchange({ log: (line) => process.stderr.write(`${line}\n`) });
const { url, key, secret } = exchange;

const query = `symbol=BTCUSDT&leverage=10&timestamp=${Date.now()}`;
const signature = createHmac('sha256', secret).update(query).digest('hex');
const set = await fetch(`${url}/fapi/v1/leverage?${query}&signature=${signature}`, {
  method: 'POST',
  headers: { 'X-MBX-APIKEY': key },
});
if (!set.ok) throw new Error(`the leverage of the demo account cannot be set: ${await set.text()}`);

process.stdout.write(`${JSON.stringify({ url, key, secret })}\n`);
process.stdin.resume();
process.stdin.on('end', () => void exchange.close().then(() => process.exit(0)));
process.on('SIGTERM', () => void exchange.close().then(() => process.exit(0)));

/** The strict reader beside JSON.parse, on a call as agents send it. `npm run bench decode` */
import { readMessage } from '../src/stages/decode/read-message.ts';

const frames = {
  'a call of 130 bytes':
    '{"jsonrpc":"2.0","id":1234,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a text of thirty-two characters."}}}',
  'an order of 240 bytes':
    '{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"binance_futures_place_order","arguments":{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","quantity":"0.001","price":45000,"timeInForce":"GTC","reduceOnly":false},"_meta":{"progressToken":7}}}',
  'a document of 64 KiB': JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'write',
      arguments: {
        lines: Array.from({ length: 900 }, (_, i) => ({ i, text: `line ${i} of a document with some text in it` })),
      },
    },
  }),
};

for (const [what, text] of Object.entries(frames)) {
  const bytes = Buffer.from(text);
  const strict = best(() => readMessage(bytes));
  const loose = best(() => JSON.parse(bytes.toString('utf8')) as unknown);
  process.stdout.write(
    `${what.padEnd(24)} strict ${strict.toFixed(2).padStart(8)} µs   JSON.parse ${loose.toFixed(2).padStart(8)} µs   ${(strict / loose).toFixed(1)}×\n`,
  );
}

/** Microseconds of one run: the best of ten batches, each a tenth of a second. */
function best(run: () => unknown): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < 10; batch++) {
    const began = performance.now();
    let runs = 0;
    while (performance.now() - began < 100) {
      for (let i = 0; i < 50; i++) run();
      runs += 50;
    }
    lowest = Math.min(lowest, ((performance.now() - began) / runs) * 1000);
  }
  return lowest;
}

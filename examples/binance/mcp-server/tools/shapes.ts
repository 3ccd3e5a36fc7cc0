/** The shapes of results, as output schemas. Ids and decimals are strings; the exchange's further fields pass through. */
import * as z from 'zod';

export const decimalText = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .describe('decimal');
export const idText = z.string().regex(/^\d+$/).describe('id');
export const time = z.number().describe('milliseconds since 1970');

export const orderShape = z.looseObject({
  symbol: z.string(),
  orderId: idText.optional(),
  clientOrderId: z.string().optional(),
  algoId: idText.optional(),
  clientAlgoId: z.string().optional(),
  side: z.string(),
  positionSide: z.string().optional(),
  type: z.string(),
  status: z.string(),
  quantity: decimalText.optional(),
  price: decimalText.optional(),
  stopPrice: decimalText.optional(),
  avgPrice: decimalText.optional(),
  executedQty: decimalText.optional(),
  timeInForce: z.string().optional(),
  reduceOnly: z.boolean().optional(),
  time: time.optional(),
  updateTime: time.optional(),
});

export const tradeShape = z.looseObject({
  symbol: z.string(),
  id: idText,
  orderId: idText,
  price: decimalText,
  qty: decimalText,
  quoteQty: decimalText,
  commission: decimalText,
  commissionAsset: z.string(),
  time,
});

export const marginChangeShape = z
  .object({
    asset: z.string(),
    openOrderInitialMargin: z.object({ before: decimalText, after: decimalText, released: decimalText }),
    positionInitialMargin: z.object({ before: decimalText, after: decimalText }),
    availableBalance: z.object({ before: decimalText, after: decimalText, change: decimalText }),
    source: z.literal('exchange'),
    note: z.string(),
  })
  .nullable()
  .describe('read from the exchange before and after; null when the reading after failed');

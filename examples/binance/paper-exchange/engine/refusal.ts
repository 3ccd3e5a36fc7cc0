/**
 * The exchange's way of saying no: HTTP status, Binance code and message. Thrown, and caught in one place (the route
 * dispatcher), because a refusal can come from any depth of a placement. Everything that may refuse does so before
 * it has changed anything.
 */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(code: number, message: string, status = 400) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
  }
}

const TEXTS = {
  [-1000]: 'An unknown error occurred while processing the request.',
  [-1003]:
    'Too many requests; current limit is 2400 requests per minute. Please use the websocket for live updates to avoid polling the API.',
  [-1007]: 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
  [-1021]: 'Timestamp for this request is outside of the recvWindow.',
  [-1022]: 'Signature for this request is not valid.',
  [-1101]: 'Too much data sent.',
  [-1111]: 'Precision is over the maximum defined for this asset.',
  [-1115]: 'Invalid timeInForce.',
  [-1116]: 'Invalid orderType.',
  [-1117]: 'Invalid side.',
  [-1120]: 'Invalid interval.',
  [-1121]: 'Invalid symbol.',
  [-1125]: 'This listenKey does not exist.',
  [-1127]: 'More than 24 hours between startTime and endTime.',
  [-1128]: 'Combination of optional parameters invalid.',
  [-1131]: 'recvWindow must be less than 60000.',
  [-1145]: 'Invalid cancelRestrictions.',
  [-2007]: 'Invalid callBack rate: 0.1 to 10 percent in steps of 0.1.',
  [-2011]: 'Unknown order sent.',
  [-2013]: 'Order does not exist.',
  [-2014]: 'API-key format invalid.',
  [-2015]: 'Invalid API-key, IP, or permissions for action.',
  [-2018]: 'Balance is insufficient.',
  [-2019]: 'Margin is insufficient.',
  [-2021]: 'Order would immediately trigger.',
  [-2022]: 'ReduceOnly Order is rejected.',
  [-2025]: 'Reach max open order limit.',
  [-2027]: 'Exceeded the maximum allowable position at current leverage.',
  [-2028]: 'Leverage is smaller than permitted: insufficient margin balance.',
  [-2039]: 'Client order ID is not correct for this order ID.',
  [-4001]: 'Price less than 0.',
  [-4002]: 'Price greater than max price.',
  [-4003]: 'Quantity less than or equal to zero.',
  [-4004]: 'Quantity less than min quantity.',
  [-4005]: 'Quantity greater than max quantity.',
  [-4013]: 'Price less than min price.',
  [-4014]: 'Price not increased by tick size.',
  [-4015]: 'Client order id length should be less than 36 chars.',
  [-4016]: "Limit price can't be higher than the mark-price cap.",
  [-4021]: 'Depth limit is not valid.',
  [-4023]: 'Quantity not increased by step size.',
  [-4024]: "Limit price can't be lower than the mark-price floor.",
  [-4028]: 'Leverage is not valid.',
  [-4045]: 'Reach max stop order limit.',
  [-4046]: 'No need to change margin type.',
  [-4047]: 'Margin type cannot be changed if there exists open orders.',
  [-4048]: 'Margin type cannot be changed if there exists position.',
  [-4050]: 'Invalid margin type: send ISOLATED or CROSSED.',
  [-4051]: 'Isolated balance insufficient.',
  [-4052]: 'Amount must be positive.',
  [-4054]: 'Cannot add position margin: position is 0 or not isolated.',
  [-4059]: 'No need to change position side.',
  [-4061]: "Order's position side does not match user's setting.",
  [-4067]: 'Position side cannot be changed if there exists open orders.',
  [-4068]: 'Position side cannot be changed if there exists position.',
  [-4082]: 'Invalid number of batch place orders: send 1 to 5.',
  [-4083]: 'Invalid number of batch cancel orders: send 1 to 10.',
  [-4116]: 'ClientOrderId is duplicated.',
  [-4118]: 'ReduceOnly Order Failed. Please check your existing position and open orders.',
  [-4120]: 'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.',
  [-4131]: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
  [-4136]: 'Target strategy invalid for orderType with closePosition.',
  [-4137]: 'Quantity must be zero with closePosition equals true.',
  [-4142]: 'Order would immediately trigger.',
  [-4161]: 'Leverage reduction is not supported in Isolated Margin Mode with open positions.',
  [-4165]: 'Search window is restricted to recent 7 days only: make `endTime - startTime` at most 604800000 ms.',
  [-4168]: 'Unable to adjust to isolated-margin mode under the Multi-Assets mode.',
  [-4171]: 'Multi-Assets mode is not offered by the paper exchange.',
  [-4509]: 'Only limit orders can be modified, and their side stays.',
  [-5021]:
    'Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history',
  [-5022]:
    'Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history',
  [-5027]: 'No need to modify the order.',
  [-5040]:
    'The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000.',
} as const;

export type RefusalCode = keyof typeof TEXTS;

/** A refusal with the documented text of its code. */
export function refuse(code: RefusalCode, status = 400): Refusal {
  return new Refusal(code, TEXTS[code], status);
}

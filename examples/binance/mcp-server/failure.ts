/** Turns whatever stopped a call into one `isError` answer that says what happened, what it means and what to do next. */
import { ZodError } from 'zod';
import { ExchangeFault } from './exchange/fault.ts';
import type { Row } from './exchange/rows.ts';
import type { Say } from './language.ts';
import { meaningOf } from './meanings.ts';
import { type Refused, refuse } from './tool.ts';

const issuesMax = 10;

/** @param thrown what a tool threw @returns the refusal; `defect` is set when it is a mistake of this server */
export function refusalFrom(thrown: unknown, say: Say): Refused & { readonly defect?: unknown } {
  if (thrown instanceof ZodError) return fromArguments(thrown, say);
  if (thrown instanceof ExchangeFault) return fromFault(thrown, say);
  return {
    ...refuse({
      reason: 'defect',
      message: say(
        'this server failed while answering; whether the exchange acted is unknown',
        '服务器处理时出错;交易所是否已执行未知',
      ),
      next: say(
        'look at your orders and positions before repeating; report this with the log on stderr',
        '先查看订单和持仓再重试;请附上 stderr 日志报告此问题',
      ),
    }),
    defect: thrown,
  };
}

function fromArguments(error: ZodError, say: Say): Refused {
  const issues = error.issues.slice(0, issuesMax);
  const said = issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return say(`unknown argument ${quote(issue.keys)}`, `未知参数 ${quote(issue.keys)}`);
    }
    const where = issue.path.length === 0 ? say('arguments', '参数') : issue.path.map(String).join('.');
    return isMissing(issue)
      ? `\`${where}\`: ${say('is missing', '缺失')}; ${issue.message}`
      : `\`${where}\`: ${issue.message}`;
  });
  const more = error.issues.length - issues.length;
  if (more > 0) said.push(say(`and ${more} more`, `以及另外 ${more} 处`));
  return refuse({
    code: codeOf(error),
    reason: 'invalid-arguments',
    message: said.join('; '),
    next: say(
      "correct the arguments as the tool's schema says; nothing was sent",
      '按工具的 schema 更正参数;未向交易所发送任何请求',
    ),
  });
}

type Issue = ZodError['issues'][number];

function isMissing(issue: Issue): boolean {
  return (
    issue.input === undefined &&
    (issue.code === 'invalid_type' || issue.code === 'invalid_union' || issue.code === 'invalid_value')
  );
}

/** The code that the exchange would have answered. */
function codeOf(error: ZodError): number {
  if (error.issues.some(isMissing)) return -1102;
  if (error.issues.some((issue) => issue.code === 'unrecognized_keys')) return -1106;
  if (error.issues.every((issue) => issue.path[0] === 'symbol')) return -1121;
  return -1130;
}

function quote(keys: readonly string[]): string {
  return keys
    .slice(0, 5)
    .map((key) => `\`${key.slice(0, 40)}\``)
    .join(', ');
}

function fromFault(fault: ExchangeFault, say: Say): Refused {
  const known = meaningOf(fault.code, say);
  const seconds = fault.retryAfterMs === undefined ? undefined : Math.ceil(fault.retryAfterMs / 1000);
  const details: Row = {
    ...(fault.status === undefined ? {} : { httpStatus: fault.status }),
    ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
  };
  switch (fault.kind) {
    case 'refused':
      return refuse({
        code: fault.code,
        reason: 'refused-by-exchange',
        message: known === undefined ? fault.message : `${fault.message} (${known.meaning})`,
        next:
          known?.next ??
          say(
            "go by the exchange's words; nothing was done, and the same call will be refused again",
            '按交易所的说明处理;未执行任何操作,重复同样的请求仍会被拒绝',
          ),
        details,
      });
    case 'rate-limited':
      return refuse({
        code: fault.code,
        reason: 'rate-limited',
        message: fault.message,
        next: say(
          `wait ${seconds ?? 60} s, then repeat; nothing was done`,
          `等待 ${seconds ?? 60} 秒后重试;未执行任何操作`,
        ),
        details,
      });
    case 'not-sent':
      return refuse({
        reason: 'not-sent',
        message: say(
          `the exchange was not reached: ${fault.message}; nothing was done`,
          `未能连接交易所:${fault.message};未执行任何操作`,
        ),
        next: say('check the connection, the mode and the keys, then repeat', '检查网络、模式和密钥后重试'),
        details,
      });
    case 'unknown':
      if (fault.reading) {
        return refuse({
          code: fault.code,
          reason: 'no-answer',
          message: say(
            `the exchange did not answer: ${fault.message}; nothing was changed`,
            `交易所没有答复:${fault.message};未作任何改动`,
          ),
          next: say('repeat it', '请重试'),
          details,
        });
      }
      return refuse({
        code: fault.code,
        reason: 'unknown',
        message: say(`unknown, not confirmed: ${fault.message}`, `结果未知,未确认:${fault.message}`),
        next:
          known?.next ??
          say(
            'it may have been done: look at orders and positions before repeating',
            '可能已执行:先查看订单和持仓,再决定是否重试',
          ),
        details,
      });
  }
}

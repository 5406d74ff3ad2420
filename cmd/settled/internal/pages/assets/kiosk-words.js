// @ts-check
// What the terminal says: Chinese, plainer Chinese for elder people, English.

/** @type {Object<string, [string, string, string]>} */
const words = {
  title: ['医保自助结算', '自助缴费', 'Self-service payment'],
  steps: ['插卡|选账单|核对|付款|取凭条和卡', '插卡|选账单|看金额|付钱|拿小票和卡', 'Card|Bill|Check|Pay|Receipt and card'],
  elder: ['长辈版', '普通版', 'Larger type'],
  language: ['English', 'English', '中文'],
  help: ['呼叫工作人员', '找人帮忙', 'Call staff'],
  insert: ['请插入患者的社保卡', '请把看病人的社保卡插进来', 'Please insert the patient’s social-security card'],
  insertMore: ['芯片朝上，插到底，不要拔出', '有芯片的一面朝上，插到底', 'Chip up, all the way in, and leave it there'],
  reading: ['正在读卡，请勿取出', '正在看您的卡，请等一等', 'Reading the card, please leave it in'],
  choose: ['请选择要缴的账单', '请点一下要付的账单', 'Please choose a bill'],
  none: ['没有待缴的账单', '现在没有要付的钱', 'There is no bill to pay'],
  noneMore: ['刚看完医生请稍等一会儿；仍没有请到人工窗口。', '刚看完病请等一会儿，还没有就去窗口问一问。', 'If you have just seen the doctor, please wait a moment; else ask at the counter.'],
  check: ['请核对金额', '请看看要付多少钱', 'Please check the amounts'],
  total: ['总额', '一共', 'Total'],
  fund: ['统筹基金支付', '医保付', 'Paid by the insurance fund'],
  own: ['个人账户支付', '您医保卡里的钱付', 'Paid from your own account'],
  mutual: ['家庭共济支付', '家里人医保卡里的钱付', 'Paid from the family account'],
  cash: ['您还要付', '您还要付', 'You pay'],
  guardian: ['家长的账户可以付一部分：请把家长的社保卡插入右边的“监护人”读卡器。', '家里人的医保卡也能付一部分：请把家里人的卡插到右边。', 'A parent’s account may pay part of it: please insert the parent’s card in the reader on the right.'],
  noLink: ['家长与患者没有登记家庭共济，家长的账户不能付款；需要时请到人工窗口登记。', '家里人的卡还不能付，要先去窗口登记。', 'The parent’s account is not linked to the patient; it can be linked at the counter.'],
  skip: ['继续，不用家庭共济', '不用家里人的卡，继续', 'Go on without it'],
  pay: ['去付款', '去付钱', 'Pay'],
  settle: ['确认结算', '好，就这样', 'Confirm'],
  back: ['返回', '返回', 'Back'],
  quit: ['退出取卡', '不办了，拿卡', 'Stop and take the card'],
  scan: ['请用微信或支付宝扫码付款', '请用手机微信或支付宝扫这个方块', 'Please scan with WeChat or Alipay to pay'],
  settling: ['正在结算，请勿取出卡', '正在办，请不要拿卡', 'Settling, please leave the card in'],
  refunding: ['没有结算，正在退款，请稍候', '没有办成，钱正在退给您，请等一等', 'Not settled; the money is going back, please wait'],
  done: ['结算完成', '办好了', 'Done'],
  doneMore: ['请取凭条，再取走您的卡', '请拿好小票，再拿好您的卡', 'Please take the receipt, and then your card'],
  noSlip: ['凭条没有打印出来；请到人工窗口补打，切勿重新缴费。', '小票没有出来，请去窗口补，不要再付一次。', 'The receipt was not printed; ask for it at the counter. Do not pay again.'],
  before: ['这张账单已经结算过，不要再付', '这张已经付过了，不用再付', 'This bill is settled already; do not pay again'],
  beforeMore: ['要凭条请到人工窗口补打。', '没有小票的，去窗口补。', 'If you have no receipt, ask for it at the counter.'],
  refunded: ['没有结算，钱已原路退回', '没有办成，钱已经退给您了', 'Not settled; the money went back'],
  refused: ['没有结算，未扣款', '没有办成，没有扣您的钱', 'Not settled, nothing was taken'],
  window: ['请到人工窗口办理。', '请到窗口办。', 'Please go to the counter.'],
  take: ['请取走您的卡！', '请拿走您的卡！', 'Please take your card!'],
  stop: ['本机暂停服务', '这台机器暂时不能用', 'Out of service'],
  stopMore: ['请到人工窗口，或请工作人员来看', '请到窗口办，或叫工作人员', 'Please go to the counter, or call the staff'],
  broken: ['正在恢复连接，请稍候。已付的款不会丢失。', '请等一等。您付的钱不会丢。', 'Please wait, the connection is being restored. What you paid is not lost.'],
  still: ['您还在吗？', '您还在吗？', 'Are you still there?'],
  stillMore: ['秒后退出，您的信息会清除', '秒以后退出', 's until this ends and your data are cleared'],
  go: ['继续办理', '我还在', 'Continue'],
  offline: ['医保平台暂时连不上，按最近的资料结算，以后核对。', '现在按最近的资料算，以后会核对。', 'The insurance platform cannot be reached; this is settled by its last word and checked later.'],
  claim: ['医保暂时不能记账：请先全额付款，凭条上写明以后怎样报销。', '医保现在记不了账：先自己付，小票上写着以后怎么报销。', 'The insurance cannot pay now: please pay it all; the receipt says how to claim it later.'],
  called: ['请举手示意，或到人工窗口；服务台就在旁边。', '请举手，或去窗口。', 'Please raise your hand, or go to the counter next to this.'],
};

/** @param {string} key @param {{english: boolean, elder: boolean}} how */
export function say(key, how) {
  const [zh, elder, en] = words[key];
  return how.english ? en : how.elder ? elder : zh;
}

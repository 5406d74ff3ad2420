package api

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"settled/cmd/settled/internal/counter"
)

// actWords say what was done; an act without a word goes by its kind.
var actWords = map[string]string{
	"settlement": "结算", "self_paid": "先自费", "void": "撤销", "refund": "退费", "reprint": "补打凭条",
	"shift_open": "开班", "shift_close": "结班", "link": "登记家庭共济", "link_end": "解除家庭共济", "choice": "选定机构", "choice_undo": "撤回选定",
	"held": "挂起", "release": "放行", "repair": "修改上报内容", "squared": "登记差额已补退", "reconcile": "对账", "upload batch": "批量上传", "rules": "启用政策", RulesStaged: "暂存政策", RulesRejected: "退回政策",
	SignedIn: "登录", SignedOut: "退出", WrongTry: "登录被拒", LockedOut: "登录锁定", Unmasked: "查看未遮盖信息", Exported: "导出姓名证件", AttendedTo: "处理自助机",
	"operator_added": "新增操作员", "operator_changed": "操作员变更", "operator_removed": "停用操作员",
}

var roleWords = map[Role]string{
	Cashier: "收费员", Supervisor: "收费组长", Insurance: "医保办", Kiosk: "自助机", Operations: "信息科",
}

// squaredWords say how a difference was squared.
var squaredWords = map[string]string{"cash": "现金", "other": "非现金", "waived": "不再补退"}

var fieldWords = strings.NewReplacer("role", "角色", "password", "密码", "name", "姓名", ",", "、")

// rowOfAct says an act in words.
func rowOfAct(a Act) actRow { return actRow{a, cmp.Or(actWords[a.Kind], a.Kind), detailOf(&a)} }

// detailOf says what else there is to an act, in Chinese.
func detailOf(a *Act) string {
	of := "工号 " + a.Of
	switch a.Kind {
	case SignedIn:
		if a.Refused > 0 {
			return fmt.Sprintf("%s，此前 %d 次被拒", roleWords[a.Role], a.Refused)
		}
		return roleWords[a.Role]
	case WrongTry:
		if a.Of == "" {
			return fmt.Sprintf("没有这个工号，%d 次", a.Refused)
		}
		return of + " 密码不对"
	case LockedOut:
		return fmt.Sprintf("%s 连续 %d 次被拒，须等一分钟", of, a.Refused)
	case "operator_added", "operator_removed":
		return joined(of, roleWords[a.Role], a.Text)
	case "operator_changed":
		return joined(of, "改了"+fieldWords.Replace(a.What), roleWords[a.Role], a.Text)
	case "void", "refund":
		return "原单 " + a.Of
	case "shift_open", "shift_close":
		return "班次 " + a.What
	case "reprint":
		return "第 " + a.What + " 份"
	case "squared":
		how, sum, _ := strings.Cut(a.What, " ")
		if back, given := strings.CutPrefix(sum, "-"); given {
			return joined(squaredWords[how], "退还 "+back)
		}
		return joined(squaredWords[how], "补收 "+sum)
	case "rules":
		if a.Of != "" {
			return of + " 暂存"
		}
		return ""
	}
	return joined(a.Patient, a.What, a.Text)
}

// joined puts what there is beside each other.
func joined(parts ...string) string {
	said := parts[:0]
	for _, p := range parts {
		if p != "" {
			said = append(said, p)
		}
	}
	return strings.Join(said, "，")
}

// instant is a time to the second, as a table has it.
func instant(t time.Time) string { return t.In(counter.Shanghai()).Format(time.DateTime) }

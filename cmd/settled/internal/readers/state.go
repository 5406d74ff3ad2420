package readers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/doctor"
	"settled/devices/pcsc"
	"settled/devices/sscard"
)

// States of a reader, as programs read them.
const (
	ready     = "ready" // there, and empty
	cardIn    = "card"
	reading   = "reading"
	unread    = "unread" // a card is in that could not be read
	stuck     = "stuck"
	unseen    = "unseen" // there; what lies in it was not looked at
	missing   = "missing"
	ambiguous = "ambiguous"
	down      = "down" // the card service is
)

// Checks implements [doctor.Source]: the card service, the reader of each role, readers
// without a role, and what opens locked cards.
func (r *Readers) Checks(context.Context) []doctor.Check {
	r.mu.Lock()
	again := r.service != nil
	r.mu.Unlock()
	var fresh *outage
	if again {
		fresh = diagnose(r.socket, nil) // the cause may have changed since it was told
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.service != nil && fresh != nil {
		r.service = fresh
	}
	list := []doctor.Check{r.serviceCheck()}
	for _, role := range allRoles {
		if _, wanted := r.wants[role]; wanted && r.service == nil {
			list = append(list, r.roleCheck(role))
		}
	}
	list = append(list, r.others()...)
	return append(list, r.moduleCheck()...)
}

func (r *Readers) serviceCheck() doctor.Check {
	if o := r.service; o != nil {
		return doctor.Check{Kind: doctor.CardService, State: o.state, Level: doctor.Fail, Chinese: o.chinese, English: o.english, Mend: o.mend}
	}
	return doctor.Check{
		Kind: doctor.CardService, State: "up", Level: doctor.OK,
		Chinese: fmt.Sprintf("读卡服务正常，%d 个读卡器", len(r.readers)), English: fmt.Sprintf("pcscd answers, %d readers", len(r.readers)),
	}
}

// roleCheck says how the reader of a role is. The readers are locked.
func (r *Readers) roleCheck(role Role) doctor.Check {
	p := r.places[role]
	f := doctor.Check{Kind: doctor.Reader, Role: string(role), Level: doctor.OK}
	title := role.Chinese()
	at := r.readers[p.reader]
	if at == nil {
		return r.absent(role, p, f)
	}
	f.Name = pcsc.ParseName(at.name).Identity()
	if f.State = at.state(); r.blind {
		f.State = unseen
	}
	switch f.State {
	case unseen:
		f.Chinese, f.English = title+"已连接，没有查看其中的卡", "there; what lies in it was not looked at"
	case stuck:
		f.Level, f.Chinese, f.English = doctor.Fail, title+"无响应", "a call for the card has not returned in time"
		f.Mend = "拔出卡片，重新插拔读卡器的USB线 / pull the card, re-plug the reader's cable"
	case unread:
		f.Level, f.Chinese, f.English = doctor.Warn, title+"："+at.fault.Chinese(), at.fault.English()
		f.Mend = mendOf(at.fault.Kind)
	case ready:
		f.Chinese, f.English = title+"正常，无卡", "ready, no card"
	default:
		f.Chinese, f.English = title+"正常，有卡", "ready, a card is in"
		if at.says != "" {
			f.Chinese = title + "正常，" + at.says
		}
	}
	switch {
	case role == PSAM && !r.blind:
		r.psamCheck(at, &f)
	case f.Level == doctor.OK && p.twin:
		f.Level = doctor.Warn
		f.Chinese += "；与另一读卡器型号相同且无序列号，只能按插入顺序区分"
		f.English += "; it is told from another role's reader by the order of plugging in alone"
		f.Mend = "换成带序列号或不同型号的读卡器；重新插拔后先核对角色 / use readers with serial numbers, or of two models"
	case role == Spare && r.serving[counter.Patient] == p.reader:
		f.Level = doctor.Warn
		f.Chinese += "，正在代替患者读卡器"
		f.English += "; it stands in for the patient's"
	}
	return f
}

// mendOf is what to do about a card that could not be read.
func mendOf(k sscard.Kind) string {
	switch k {
	case sscard.BankCard, sscard.OtherCard:
		return "换社保卡 / put a social-security card in"
	case sscard.Blank, sscard.Incomplete, sscard.Malformed, sscard.Blocked, sscard.NotGenuine:
		return "卡的问题：换一张卡核对读卡器；持卡人去社保卡服务网点 / the card itself: try another to see that the reader is well"
	case sscard.InUse:
		return "关闭占用读卡器的银行或身份证程序 / close the other program: ps -ef | grep -i card"
	case sscard.Denied:
		return "settled doctor；journalctl -u pcscd / see what polkit refused"
	}
	return "取出卡，擦净芯片后重插；仍不行换卡、换读卡器 / clean the chip, try another card, another reader"
}

// absent says why a role has no reader.
func (r *Readers) absent(role Role, p place, f doctor.Check) doctor.Check {
	w := r.wants[role]
	f.Name, f.Level = w.device, doctor.Fail
	if role == Spare {
		f.Level = doctor.Warn
	}
	if p.rivals > 1 {
		f.State = ambiguous
		f.Chinese = fmt.Sprintf("%s不明：有 %d 个读卡器都符合，无法区分", role.Chinese(), p.rivals)
		f.English = fmt.Sprintf("%d readers fit %q and nothing tells them apart", p.rivals, w.device)
		f.Mend = fmt.Sprintf("在配置 readers.%s 写完整名称，见 settled devices / give the whole name in the configuration", role)
		return f
	}
	f.State = missing
	f.Chinese, f.English = role.Chinese()+"未连接", fmt.Sprintf("no reader fits %q", w.device)
	f.Mend = fmt.Sprintf("检查读卡器USB线；名称见 settled devices，配置项 readers.%s / check the cable; see the names", role)
	return f
}

func (r *Readers) psamCheck(at *reader, f *doctor.Check) {
	switch {
	case at.fault != nil:
		f.Chinese = "PSAM卡不能使用"
		f.Level, f.Mend = doctor.Fail, "换社保PSAM卡，擦净触点 / exchange the PSAM, clean its contacts"
	case !at.card:
		f.Level, f.Chinese, f.English = doctor.Fail, "PSAM卡槽无卡", "the PSAM's slot is empty"
		f.Mend = "插入PSAM卡；没有PSAM卡时三代卡按卡号查询 / put the PSAM in"
	case at.mute:
		f.Level, f.Chinese, f.English = doctor.Fail, "PSAM卡无应答", "the PSAM does not answer to power"
		f.Mend = "确认PSAM卡方向，擦净触点 / check which way round it is, clean its contacts"
	default:
		f.Chinese, f.English = "PSAM卡在卡槽中", "a PSAM is in its slot"
	}
}

// moduleCheck says how locked cards fare.
func (r *Readers) moduleCheck() []doctor.Check {
	f := doctor.Check{Kind: doctor.Module, Name: r.module, State: "configured", Level: doctor.OK}
	if r.module == "" {
		f.State = "none"
		f.Chinese, f.English = "未配置PSAM卡或加密机：三代卡按卡号查询", "no PSAM and no HSM: cards of version 3.00 go on by their number"
		return []doctor.Check{f}
	}
	if r.module == "psam" && !r.inSlot() {
		f.State, f.Level, f.Chinese, f.English = "absent", doctor.Warn, "看不到PSAM卡：三代卡按卡号查询", "no PSAM is seen: cards of version 3.00 go on by their number"
		f.Mend = "见PSAM卡槽和读卡服务 / see the PSAM's slot and the card service"
		return []doctor.Check{f}
	}
	f.Chinese, f.English = "三代卡可认证", "cards of version 3.00 are opened by "+r.module
	if err := r.locked; err != nil {
		var why *sscard.Unavailable
		f.State, f.Level, f.Chinese = "locked", doctor.Warn, "最近一张三代卡未能认证，已按卡号查询"
		f.English = "the last card of version 3.00 stayed locked: " + err.Error()
		f.Mend = "更换PSAM卡，或检查加密机命令 readers.hsm / exchange the PSAM, or check the HSM's command"
		if !errors.As(err, &why) {
			f.English += " (the card refused: keys of another region?)"
		}
	}
	return []doctor.Check{f}
}

// inSlot tells whether something lies in the PSAM's slot that may be one, as far as that
// was looked at.
func (r *Readers) inSlot() bool {
	at := r.readers[r.places[PSAM].reader]
	return r.service == nil && at != nil && (r.blind || at.card && !at.mute && at.fault == nil)
}

// others are readers that have no role.
func (r *Readers) others() (list []doctor.Check) {
	for _, name := range slices.Sorted(maps.Keys(r.readers)) {
		has := func(p place) bool { return p.reader == name }
		if !slices.ContainsFunc(slices.Collect(maps.Values(r.places)), has) {
			list = append(list, doctor.Check{
				Kind: doctor.Reader, Name: pcsc.ParseName(name).Identity(), State: r.readers[name].state(), Level: doctor.OK,
				Chinese: "读卡器未指定用途", English: "a reader without a role",
			})
		}
	}
	return list
}

func (at *reader) state() string {
	switch {
	case at.stuck:
		return stuck
	case at.reads > 0:
		return reading
	case at.fault != nil && at.card:
		return unread
	case at.card:
		return cardIn
	}
	return ready
}

// Screen gives the readers of the session's roles as its screen shows them.
func (r *Readers) Screen() (list []counter.Reader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, role := range []Role{Patient, Guardian} {
		if _, wanted := r.wants[role]; !wanted {
			continue
		}
		if o := r.service; o != nil {
			list = append(list, counter.Reader{Role: string(role), State: down, Text: o.chinese})
			continue
		}
		f := r.roleCheck(role)
		name := r.serving[counter.Patient]
		if at := r.readers[name]; role == Patient && at != nil && name == r.places[Spare].reader {
			f = r.roleCheck(Spare)
		}
		s := counter.Reader{Role: string(role), State: f.State}
		if f.Level == doctor.Fail {
			s.Text = f.Chinese
		}
		list = append(list, s)
	}
	return list
}

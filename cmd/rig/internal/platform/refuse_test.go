package platform_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"settled/queue/nhsa"
)

// What the gateway and the platform refuse, and as which kind.
func TestRefusals(t *testing.T) {
	good := nhsa.NewSignIn("0601", "m", "i")
	for _, c := range []struct {
		name   string
		line   func(*nhsa.Options)
		infno  string
		change func(string) string // of the body
		want   string
	}{
		{"wrong secret", func(o *nhsa.Options) { o.Gateway = nhsa.TIF{PaasID: "rig-paas", Secret: "x"} }, "9001", nil, "签名不一致!"},
		{"wrong user", func(o *nhsa.Options) { o.Gateway = nhsa.TIF{PaasID: "x", Secret: "rig-secret"} }, "9001", nil, "非法用户!"},
		{"clock behind", func(o *nhsa.Options) { o.Now = func() time.Time { return noon().Add(-31 * time.Minute) } }, "9001", nil, "签名时间戳超时!"},
		{"clock within", func(o *nhsa.Options) { o.Now = func() time.Time { return noon().Add(29 * time.Minute) } }, "9001", nil, ""},
		{"no such transaction", nil, "9999", nil, "未知交易编号"},
		{"another number in the body", nil, "1101", nil, "交易编号与地址不一致"},
		{"no operator", nil, "9001", func(s string) string { return strings.Replace(s, `"opter":"0601"`, `"opter":""`, 1) }, "opter不能为空"},
		{"message id too long", nil, "9001", func(s string) string { return strings.Replace(s, `"msgid":"`, `"msgid":"1`, 1) }, "msgid格式或长度不正确"},
		{"unknown institution", nil, "9001", func(s string) string {
			return strings.Replace(s, `"fixmedins_code":"H44030500001"`, `"fixmedins_code":"H44030599999"`, 1)
		}, "不存在"},
		{"no JSON", nil, "9001", func(string) string { return "{" }, "报文格式错误"},
		{"no input", nil, "9001", func(s string) string { return strings.Replace(s, `"signIn"`, `"other"`, 1) }, "signIn不能为空"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, nil)
			o := nhsa.Options{BaseURL: d.sim.BaseURL(), Gateway: nhsa.TIF{PaasID: "rig-paas", Secret: "rig-secret"}, Now: noon}
			if c.line != nil {
				c.line(&o)
			}
			client, err := nhsa.New(o)
			if err != nil {
				t.Fatal(err)
			}
			body := string(d.body("9001", d.msgid(), good))
			if c.change != nil {
				body = c.change(body)
			}
			_, err = client.Send(t.Context(), c.infno, []byte(body))
			if (c.want == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestPlatformRefuses(t *testing.T) {
	d := open(t, nil)
	body := d.body("9001", d.msgid(), nhsa.NewSignIn("0601", "m", "i"))
	for i, want := range []string{"", "used before"} {
		if _, err := d.client.Send(t.Context(), "9001", body); (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("send %d of one message: %v, want %q", i+1, err, want)
		}
	}
	d.sign = "stale"
	var refused *nhsa.BusinessRefusal
	if _, err := d.ask(t.Context(), "5206", usage()); !as(err, &refused) || !refused.StaleSignIn() {
		t.Errorf("a stale sign-in: %v", err)
	}
}

func usage() nhsa.UsageQuery {
	var q nhsa.UsageQuery
	q.Data.PersonNo = child
	return q
}

// The books refuse what does not add up, and what was settled before.
func TestBooksRefuse(t *testing.T) {
	d := open(t, nil)
	wrong := visit(t)
	wrong.Total++
	if c := d.upload(wrong, nil); c.Refusal == nil || !strings.Contains(c.Refusal.Cashier, "医疗总费用112.81,已上传费用112.80不相等") {
		t.Errorf("wrong total: %v", c.Refusal)
	}
	wrong = visit(t)
	wrong.Lines[1].Amount++
	if c := d.upload(wrong, nil); c.Refusal == nil || !strings.Contains(c.Refusal.Cashier, "数量乘单价与金额不相等") {
		t.Errorf("wrong line: %v", c.Refusal)
	}
	wrong = visit(t)
	wrong.Who.CardCode = "440300D15600000500000B41C95D70A2"
	if c := d.upload(wrong, nil); c.Refusal == nil || !strings.Contains(c.Refusal.Cashier, "卡识别码不正确") {
		t.Errorf("wrong card code: %v", c.Refusal)
	}
	d.oneLive(d.upload(visit(t), nil))
	again := d.upload(visit(t), nil) // the same visit number, the same lines
	if again.Step != nhsa.StepHeld || d.sim.Books.Page().Live != 1 {
		t.Errorf("a second upload of the same settlement ends at %q, %d live", again.Step, d.sim.Books.Page().Live)
	}
}

func as[T error](err error, target *T) bool { return errors.As(err, target) }

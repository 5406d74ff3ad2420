package main

import (
	"context"
	"fmt"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/doctor"
	"settled/devices/serialport"
	"settled/settle"
)

// Checks implements doctor.Source.
func (c *counterDevices) Checks(ctx context.Context) []doctor.Check {
	list := []doctor.Check{c.printer.check(ctx)}
	if c.scanner != nil {
		list = append(list, lineCheck(doctor.Scanner, c.scanner.State().Line))
	}
	for _, one := range c.shows {
		s := one.State()
		check := lineCheck(doctor.Display, s.Line)
		if s.Line.Up && s.Slow {
			check.State, check.Level = "slow", doctor.Warn
			check.Chinese, check.English, check.Mend = "客显不收数据", "it takes no bytes", "检查客显的电源和数据线"
		}
		list = append(list, check)
	}
	return list
}

// check says how paper comes out, or into which directory slips are written instead.
func (p *paperPrinter) check(ctx context.Context) doctor.Check {
	if p.device == nil {
		return p.files.Checks(ctx)[0]
	}
	s := p.device.State()
	check := lineCheck(doctor.Printer, s.Line)
	if why := p.Trouble(); why != "" && s.Line.Up {
		r := settle.Refusal{Code: why, Cashier: counter.Sentence(why)}
		check.State, check.Level, check.Chinese, check.English = string(s.Trouble), doctor.Fail, r.Cashier, "the printer says: "+string(s.Trouble)
		if !s.Trouble.Stops() {
			check.Level = doctor.Warn
		}
	}
	if s.Waiting > 0 {
		check.Level = doctor.Worst([]doctor.Check{check, {Level: doctor.Warn}})
		check.Chinese += fmt.Sprintf("；%d 张凭条待打印", s.Waiting)
		check.English += fmt.Sprintf("; %d slips wait", s.Waiting)
	}
	return check
}

// lineCheck says whether a serial line is open.
func lineCheck(kind doctor.Kind, s serialport.State) doctor.Check {
	if s.Up {
		return doctor.Check{Kind: kind, Name: s.Path, State: "up", Level: doctor.OK, Chinese: "已接通", English: "the line is open"}
	}
	c := doctor.Check{Kind: kind, Name: s.Path, State: s.Why, Level: doctor.Fail}
	switch s.Why {
	case "absent", "gone":
		c.Chinese, c.English, c.Mend = "没有接上", "no such device", "检查数据线；ls -l /dev/serial/by-id"
	case "busy":
		c.Chinese, c.English, c.Mend = "被别的程序占用", "another program has locked it", "fuser -v "+s.Path
	case "denied":
		c.Chinese, c.English, c.Mend = "没有权限", "permission denied", "usermod -aG dialout settled"
	case "":
		c.State, c.Level, c.Chinese, c.English = "opening", doctor.Warn, "正在打开", "not open yet"
	default:
		c.State, c.Chinese, c.English = "error", "打不开", s.Why
	}
	return c
}

// ports are the configured serial devices, to look at while no daemon has them.
func (c *config) ports() []doctor.Port {
	var list []doctor.Port
	for _, p := range []doctor.Port{
		{Kind: doctor.Printer, Path: c.Printer.Device},
		{Kind: doctor.Scanner, Path: c.Scanner.Device},
		{Kind: doctor.Display, Path: c.Display.Device},
		{Kind: doctor.Display, Path: c.Voice.Device},
	} {
		if p.Path != "" {
			list = append(list, p)
		}
	}
	return list
}

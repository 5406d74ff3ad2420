package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"settled/cmd/settled/internal/counter"
	"settled/cmd/settled/internal/doctor"
	"settled/devices/display"
	"settled/devices/printer"
	"settled/devices/scanner"
	"settled/devices/serialport"
)

// Checks implements doctor.Source.
func (c *counterDevices) Checks(ctx context.Context) []doctor.Check {
	list := []doctor.Check{c.printer.check(ctx)}
	if c.scanner != nil {
		list = append(list, scannerCheck(c.scanner.State()))
	}
	for _, one := range c.shows {
		list = append(list, displayCheck(one.kind, one.State()))
	}
	return list
}

// check says how paper comes out, or into which directory slips are written instead.
func (p *paperPrinter) check(ctx context.Context) doctor.Check {
	if p.device == nil {
		return p.files.Checks(ctx)[0]
	}
	return printerCheck(p.device.State())
}

func printerCheck(s printer.State) doctor.Check {
	f := lineCheck(doctor.Printer, s.Line)
	if s.Line.Up && s.Trouble != "" {
		f.State, f.Chinese, f.English = string(s.Trouble), strings.TrimSuffix(counter.Sentence(troubleCode(s.Trouble)), "。"), "state of the printer: "+string(s.Trouble)
		f.Level, f.Mend = doctor.Warn, printerMend(s.Trouble)
		if s.Trouble.Stops() {
			f.Level = doctor.Fail
		}
	}
	if s.Waiting > 0 {
		f.Chinese += fmt.Sprintf("；%d 张凭条待打印", s.Waiting)
		f.English += fmt.Sprintf("; %d slips wait", s.Waiting)
	}
	if n := len([]rune(s.Lacking)); n > 0 && f.Level == doctor.OK {
		f.State, f.Level, f.Mend = "lacking", doctor.Warn, "apt-get install fonts-hanazono; systemctl restart settled"
		f.Chinese += fmt.Sprintf("；有 %d 个生僻字打成〓", n)
		f.English += fmt.Sprintf("; no font has %d characters, they were printed as 〓", n)
	}
	return f
}

// printerMend is what mends a printer's trouble.
func printerMend(t printer.Trouble) string {
	return map[printer.Trouble]string{
		printer.Silent:    `检查打印机电源、数据线和 printer.baud；从不应答的型号配 confirm = "none" / check power, cable and baud; confirm = "none" for one that never answers`,
		printer.CoverOpen: "合上打印机上盖 / shut the cover",
		printer.PaperOut:  "换纸；没打完的凭条自动续打 / put paper in: what waits comes out by itself",
		printer.Failing:   "关机，清除卡纸，再开机 / switch it off, clear the jam, switch it on",
		printer.Offline:   "按打印机的联机键 / press its online key",
		printer.PaperLow:  "准备换纸 / have a new roll at hand",
	}[t]
}

func scannerCheck(s scanner.State) doctor.Check {
	f := lineCheck(doctor.Scanner, s.Line)
	if s.Line.Up && s.Noise {
		f.State, f.Level, f.Chinese, f.English = "noise", doctor.Warn, "收到乱码", s.Line.Path+" gives bytes that are no text"
		f.Mend = "核对 scanner.baud、parity 与扫码枪的设置，换数据线；device 是不是扫码枪 / compare baud and parity with the scanner's, try another cable; is it the scanner?"
	}
	return f
}

func displayCheck(kind doctor.Kind, s display.State) doctor.Check {
	f := lineCheck(kind, s.Line)
	if s.Line.Up && s.Slow {
		f.State, f.Level, f.Chinese, f.English = serialport.Slow, doctor.Warn, "不收数据", s.Line.Path+" takes no bytes"
		f.Mend = "检查电源和数据线，以及波特率 / check power, cable and baud"
	}
	return f
}

// lineCheck says how a serial line stands, and who or what is to blame.
func lineCheck(kind doctor.Kind, s serialport.State) doctor.Check {
	f := doctor.Check{Kind: kind, Name: s.Path, State: s.Why, Level: doctor.Fail}
	switch {
	case s.Up:
		f.State, f.Level, f.Chinese, f.English = "up", doctor.OK, "已接通", s.Path+" is open"
	case s.Why == "absent", s.Why == "gone":
		f.Chinese, f.English = "没有接上", "there is no "+s.Path
		f.Mend = "检查电源和数据线；ls -l /dev/serial/by-id/ / check power and cable"
	case s.Why == "busy":
		f.Chinese, f.English, f.Mend = "被别的程序占用", s.Path+" is locked by another program", "fuser -v "+s.Path
	case s.Why == "denied":
		f.Chinese, f.English = "没有权限", "no permission for "+s.Path
		f.Mend = "systemctl edit settled：DeviceAllow、SupplementaryGroups=dialout，见 settled.service / the lines are in settled.service"
	case s.Why == "":
		f.State, f.Level, f.Chinese, f.English = "opening", doctor.Warn, "正在打开", s.Path+" is not open yet"
	default:
		f.State, f.Chinese, f.English = "error", "打不开", s.Path+": "+s.Why
		f.Mend = "ls -l /dev/serial/by-id/；核对配置中的 device / is it the right device?"
	}
	return f
}

// unhidden corrects what a daemon says that finds no device which is there all the same:
// the unit gives it a /dev of its own until it is told otherwise.
func unhidden(list []doctor.Check) []doctor.Check {
	for i, f := range list {
		serial := f.Kind == doctor.Printer || f.Kind == doctor.Scanner || f.Kind == doctor.Display || f.Kind == doctor.Voice
		if !serial || f.State != "absent" {
			continue
		}
		if _, err := os.Stat(f.Name); err == nil {
			list[i].State, list[i].Chinese, list[i].English = "hidden", "设备在，但服务看不到", f.Name+" is there, and hidden from the daemon"
			list[i].Mend = "systemctl edit settled：PrivateDevices=no、DeviceAllow…，见 settled.service；然后 systemctl restart settled / the lines are in settled.service"
		}
	}
	return list
}

// lineChecks look at the configured serial devices while no daemon has them open.
func (c *config) lineChecks(ctx context.Context) (list []doctor.Check) {
	look := func(kind doctor.Kind, l serialport.Line) {
		if l.Path != "" {
			list = append(list, lineCheck(kind, serialport.Look(l)))
		}
	}
	if c.Printer.Device != "" {
		list = append(list, printerCheck(printer.Look(ctx, c.Printer.line(), printer.Manner{Confirm: c.Printer.Confirm})))
	}
	look(doctor.Scanner, c.Scanner.line())
	for kind, d := range c.displays() {
		look(kind, d.line())
	}
	return list
}

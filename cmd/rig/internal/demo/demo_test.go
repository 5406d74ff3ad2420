package demo

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// programs are built once for all tests.
var programs struct{ settled, rig string }

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "demo-test-")
	if err == nil {
		programs.settled, programs.rig = filepath.Join(folder, "settled"), filepath.Join(folder, "rig")
		err = buildPrograms(folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func buildPrograms(folder string) error {
	out, err := exec.Command("go", "build", "-o", folder, "settled/cmd/settled", "settled/cmd/rig").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	return nil
}

func options(t testing.TB, out *bytes.Buffer) Options {
	t.Helper()
	testdata, err := filepath.Abs("../../../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Settled: programs.settled, Rig: programs.rig, Testdata: testdata, Out: out}
}

// TestDemo plays the demo and looks for what a person must see in it.
func TestDemo(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	o := options(t, &out)
	o.Slips = t.TempDir()
	if err := Run(t.Context(), o); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	text := out.String()
	for _, want := range []string{
		"第一幕", "第二幕", "姓名：张**", "已登记家庭共济", "乙类先自付 10%", "超过限价", "丙类",
		"医疗保险结算凭条", "【演示用政策数据，不作依据】", "【离线结算 待上传】", "待上传（离线）", "平台已收", "分文不差", "9001×",
		"热敏纸上", "slip-006.png", "由 PSAM 打开", "医保码", "第三幕", "第四幕", "已开班", "医疗保险退费凭条", "退 第3行", "2208×1", "已撤销", "结班凭条", "账款相符",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the demo does not show %q", want)
		}
	}
	for _, secret := range []string{childID, "440305198805051013", "张小满", "张建国"} {
		if strings.Contains(text, secret) {
			t.Errorf("the demo shows personal data in clear: %q", secret)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// open builds a stage for a test; it is taken down at the end.
func open(t testing.TB) *stage {
	t.Helper()
	var out bytes.Buffer
	s, err := build(t.Context(), options(t, &out))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

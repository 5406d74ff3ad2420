package doctor

import (
	"os"
)

// CommandOf looks at the command that asks the HSM, without running it: an HSM may count.
func CommandOf(path string) Check {
	f := Check{Kind: Module, Name: path, State: "there", Level: OK, Chinese: "加密机命令存在", English: path + " may be run"}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.State, f.Level, f.Chinese, f.English = "missing", Fail, "加密机命令不存在", err.Error()
		f.Mend = "配置 readers.hsm / mend readers.hsm"
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		f.State, f.Level, f.Chinese, f.English = "forbidden", Fail, "加密机命令不能运行", path+" is not executable"
		f.Mend = "chmod 755 " + path
	}
	return f
}

package nhsa

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm4"
)

// gatewayAnswer is what an object says that has neither infcode nor code.
type gatewayAnswer struct {
	found, yes bool
	words      string
}

// gatewayWord reads the objects of gateways, each of which has names of its own:
// {success: false, message}, {status: 404, error}, {errorCode, errorMsg}, {error: {code,
// message}}.
func gatewayWord(msg map[string]any) gatewayAnswer {
	if inner, ok := msg["error"].(map[string]any); ok {
		return gatewayAnswer{found: true, words: wordsOf(inner)}
	}
	a := gatewayAnswer{words: wordsOf(msg)}
	code, success := "", ""
	for name, v := range msg {
		value, _ := scalar(v)
		switch folded(name) {
		case "success":
			success = strings.ToLower(value)
		case "status", "statuscode", "errcode", "errorcode", "resultcode", "returncode", "retcode", "respcode":
			code = value
		}
	}
	_, failed := scalar(msg["error"])
	failed = failed && has(msg, "error")
	a.found = success != "" || failed || (code != "" && a.words != "")
	ok := isZero(code) || code == "200" || strings.EqualFold(code, "success") || strings.EqualFold(code, "ok")
	a.yes = !failed && success != "false" && (success == "true" || ok)
	return a
}

// wordsOf is the first of the texts that such an object has for people.
func wordsOf(msg map[string]any) string {
	names := []string{"message", "msg", "errmsg", "errormsg", "errormessage", "errordescription", "resultmsg", "returnmsg", "retmsg", "respmsg", "error"}
	best, words := len(names), ""
	for name, v := range msg {
		value, _ := scalar(v)
		if at := slices.Index(names, folded(name)); at >= 0 && at < best && value != "" {
			best, words = at, value
		}
	}
	return words
}

// encrypted tells the envelope of the e-prescription and of mobile payment, whose content
// is under SM4 (interface 2).
func encrypted(msg map[string]any) bool {
	for name := range msg {
		if folded(name) == "encdata" {
			return true
		}
	}
	return false
}

// opaque warns of a reply whose content cannot be seen.
func (c *checker) opaque(node string, msg map[string]any, out any) {
	text, _ := out.(string)
	switch by := firstText(msg, "enctype", "encType"); {
	case encrypted(msg):
		c.in.warn("encData: encrypted; its fields cannot be seen")
	case strings.TrimSpace(text) == "":
	case by != "":
		c.in.warn("%s: encrypted (enctype); its fields cannot be seen", node)
	default:
		c.words(node, text)
	}
}

// words warns of text that stands where an object is due: base64 of whole blocks of SM4 is
// most likely that object, encrypted.
func (c *checker) words(node, text string) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err == nil && len(raw) > 0 && len(raw)%sm4.BlockSize == 0 {
		c.in.warn("%s: encrypted, it seems; its fields cannot be seen", node)
		return
	}
	c.in.warn("%s: text where an object is due", node)
}

package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// Gateway is the province's access gateway before the platform.
type Gateway struct {
	PaasID string
	Secret string
	Skew   time.Duration // how far a timestamp may be off; 0 is 30 minutes
}

// check gives the gateway's refusal of a request, "" if it lets it through.
func (g Gateway) check(h http.Header, now time.Time) (code int, message string) {
	paas, stamp, nonce, sign := h.Get("X-Tif-Paasid"), h.Get("X-Tif-Timestamp"), h.Get("X-Tif-Nonce"), h.Get("X-Tif-Signature")
	if paas == "" || stamp == "" || nonce == "" || sign == "" {
		return 401, "缺少服务网关的请求头!"
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	skew := g.Skew
	if skew == 0 {
		skew = 30 * time.Minute
	}
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > skew {
		return 401, "签名时间戳超时!"
	}
	if paas != g.PaasID {
		return 401, "非法用户!"
	}
	h256 := sha256.New()
	for _, part := range []string{stamp, g.Secret, nonce, stamp} {
		_, _ = h256.Write([]byte(part))
	}
	if hex.EncodeToString(h256.Sum(nil)) != sign {
		return 401, "签名不一致!"
	}
	return 0, ""
}

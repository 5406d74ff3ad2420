package nhsa

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// MaxUpload is the largest message of 9101, which holds a file; as an array, a file takes
// up to five times its bytes.
const MaxUpload = 32 << 20

// FileUpload is the request 9101 文件上传 (interface 3.15). It is answered without the
// envelope of other replies.
type FileUpload struct {
	In struct {
		Content     FileBytes `json:"in" wire:"*"`
		Name        string    `json:"filename" wire:"C200*"`
		Institution string    `json:"fixmedins_code" wire:"C30*"`
	} `json:"fsUploadIn"`
}

// NewFileUpload makes the request 9101, with the file as Foshan takes it.
func NewFileUpload(file []byte, name, institution string) FileUpload {
	var u FileUpload
	u.In.Content.Bytes, u.In.Name, u.In.Institution = file, name, institution
	return u
}

// FileNote says where a file is: the answer to 9101, and fileinfo of 3202.
type FileNote struct {
	No          Text `json:"file_qury_no"` // 文件查询号
	Name        Text `json:"filename"`
	Institution Text `json:"fixmedins_code"` // 9101 only
	Expires     Text `json:"dld_endtime"`    // 下载截止时间
}

// ReadUploaded reads the answer to 9101.
func ReadUploaded(r Reply) (FileNote, error) {
	var n FileNote
	if err := r.read(&n); err != nil {
		return FileNote{}, err
	}
	if n.No == "" {
		return FileNote{}, r.lacking("file_qury_no")
	}
	return n, nil
}

// FileDownload is the request 9102 文件下载: for [Client.Download], not for Send. For the
// file of a catalogue both name and institution are [CataloguePlace].
type FileDownload struct {
	In struct {
		No          string `json:"file_qury_no" wire:"C100*"`
		Name        string `json:"filename" wire:"C200*"`
		Institution string `json:"fixmedins_code" wire:"C30*"`
	} `json:"fsDownloadIn"`
}

// NewFileDownload makes the request 9102.
func NewFileDownload(no, name, institution string) FileDownload {
	var d FileDownload
	d.In.No, d.In.Name, d.In.Institution = no, name, institution
	return d
}

// FileForm is how the bytes of a file stand in a message: the specification says "byte
// array" and no more.
type FileForm int

// Forms of files.
const (
	SignedBytes FileForm = iota // a JSON array of -128..127, the bytes of Java: Foshan
	PlainBytes                  // a JSON array of 0..255
	Base64                      // text
)

// FileBytes are the bytes of a file in 9101.
type FileBytes struct {
	Bytes []byte
	Form  FileForm
}

// MarshalJSON writes the bytes in their form.
func (f FileBytes) MarshalJSON() ([]byte, error) {
	if f.Form == Base64 {
		return json.Marshal(f.Bytes)
	}
	out := make([]byte, 0, 5*len(f.Bytes)+2)
	out = append(out, '[')
	for i, b := range f.Bytes {
		if i > 0 {
			out = append(out, ',')
		}
		n := int64(b)
		if f.Form == SignedBytes {
			n = int64(int8(b))
		}
		out = strconv.AppendInt(out, n, 10)
	}
	return append(out, ']'), nil
}

// UnmarshalJSON reads any of the forms.
func (f *FileBytes) UnmarshalJSON(data []byte) error {
	*f = FileBytes{}
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '"' {
		f.Form = Base64
		return json.Unmarshal(data, &f.Bytes)
	}
	var list []int16
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("bytes of a file: %w", err)
	}
	for i, n := range list {
		if n < -128 || n > 255 {
			return fmt.Errorf("bytes of a file: %d at %d is not a byte", n, i)
		}
		if n > 127 {
			f.Form = PlainBytes
		}
		f.Bytes = append(f.Bytes, byte(n))
	}
	return nil
}

// GoString and String keep what is in the file out of prints.
func (f FileBytes) String() string { return fmt.Sprintf("%d bytes", len(f.Bytes)) }

// GoString is String.
func (f FileBytes) GoString() string { return f.String() }

// ErrTooBig says that a file, or what it unpacks to, is over the limit.
var ErrTooBig = errors.New("over the limit")

// OpenText opens the text in a file of the platform: a ZIP with one file in it, or the
// text itself. Reading more than most bytes of text is [ErrTooBig], whatever the ZIP says
// of its size; nothing is unpacked before it is read, and no name in it is used.
func OpenText(file io.ReaderAt, size, most int64) (io.ReadCloser, error) {
	start := make([]byte, 4)
	n, err := file.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	if s := string(start[:n]); s != "PK\x03\x04" && s != "PK\x05\x06" { // the latter begins a ZIP of nothing
		return io.NopCloser(&capped{r: io.NewSectionReader(file, 0, size), left: most}), nil
	}
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return nil, fmt.Errorf("open the ZIP: %w", err)
	}
	var only *zip.File
	for _, f := range archive.File {
		switch {
		case f.FileInfo().IsDir():
		case only != nil:
			return nil, errors.New("open the ZIP: more than one file in it")
		default:
			only = f
		}
	}
	if only == nil {
		return nil, errors.New("open the ZIP: no file in it")
	}
	if only.UncompressedSize64 > uint64(max(most, 0)) {
		return nil, fmt.Errorf("open the ZIP: %d bytes: %w", only.UncompressedSize64, ErrTooBig)
	}
	text, err := only.Open()
	if err != nil {
		return nil, fmt.Errorf("open the ZIP: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{&capped{r: text, left: most}, text}, nil
}

// capped is a reader that fails at its limit rather than ending there.
type capped struct {
	r    io.Reader
	left int64
}

// Read reads up to the limit, and fails if there is more.
func (c *capped) Read(p []byte) (int, error) {
	if int64(len(p)) > c.left+1 {
		p = p[:c.left+1]
	}
	n, err := c.r.Read(p)
	if int64(n) > c.left {
		n = int(c.left)
		err = ErrTooBig
	}
	c.left -= int64(n)
	return n, err
}

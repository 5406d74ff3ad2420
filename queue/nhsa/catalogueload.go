package nhsa

import "encoding/json"

// CatalogueFile is the request for a whole catalogue as a file (interface 3.16): 1301
// 西药中成药, 1302 饮片, 1303 自制剂, 1305 服务项目, 1306 耗材, 1307 诊断, 1308 手术, 1309
// 门慢特, 1310 按病种, 1311 日间手术, 1313 肿瘤形态, 1314 and 1315 中医.
type CatalogueFile struct {
	Data struct {
		Version string `json:"ver" wire:"*"` // the one that is here; "0" at first
	} `json:"data"`
}

// CataloguePlace is the constant that stands for both the name and the institution when
// the file of a catalogue is fetched with 9102.
const CataloguePlace = "plc"

// CatalogueFileOutput is the output of 1301 and its like. Nothing newer is a
// [BusinessRefusal] for which [UpToDate] is true.
type CatalogueFileOutput struct {
	No      Text `json:"file_qury_no"`
	Name    Text `json:"filename"`
	Expires Text `json:"dld_endtime"`
	Count   Text `json:"data_cnt"`
}

// UpToDate tells whether the platform refused because it has no newer catalogue.
func (e *BusinessRefusal) UpToDate() bool { return e.mentions("已经是最新数据") }

// CataloguePage is the request for a page of a catalogue: 1304 and 1312 医保目录, 1316 and
// 1317 对照, 1318 限价, 1319 先自付比例.
type CataloguePage struct {
	Data struct {
		Since string `json:"updt_time" wire:"*"`
		Page  Number `json:"page_num" wire:"N10,0*"` // from 1
		Size  Number `json:"page_size" wire:"N3,0*"` // at most 100
	} `json:"data"`
}

// CataloguePageOutput is the output of 1312 and its like. The rows differ by catalogue and
// are left as they are: package catalogue reads those that a settlement needs.
type CataloguePageOutput struct {
	Count    Text                  `json:"recordCounts"`
	Pages    Text                  `json:"pages"`
	Page     Text                  `json:"pageNum"`
	PageSize Text                  `json:"pageSize"`
	Size     Text                  `json:"size"`
	First    Text                  `json:"firstPage"`
	Last     Text                  `json:"lastPage"`
	StartRow Text                  `json:"startRow"`
	EndRow   Text                  `json:"endRow"`
	Rows     List[json.RawMessage] `json:"data"`
}

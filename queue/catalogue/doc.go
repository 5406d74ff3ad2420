// Package catalogue keeps the medical-insurance catalogue (医保目录) of one area: of
// every drug and service its category, its price caps and the share that patients pay
// first, each with the days on which it holds. It fills in what a bill leaves open
// and refuses what a bill states otherwise.
//
// The rows come in files as the national platform gives them: transactions 1312
// (目录信息), 1318 (限价) and 1319 (先自付比例), as saved replies or as TAB-separated
// text. They are kept in one bbolt file beside the queue's. A file of the store is
// never written to once it has its name: a load writes a new file and renames it into
// place. So a load is whole or nothing, one process may load while another reads, and
// a reader sees the new rows at its next question.
package catalogue

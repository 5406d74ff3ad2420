package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"settled/queue/catalogue"
	"settled/settle"
)

func newCatalogue() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "catalogue",
		Short: "The catalogue of drugs and services: category, price cap, first self-pay",
		Long: `The catalogue of drugs and services (医保目录) in the daemon's state directory. It fills
in what a bill leaves open and refuses what a bill states otherwise. The daemon need not
be told of a load: its next quote answers from the new catalogue.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().String("config", "/etc/settled/settled.toml", "configuration file, for the state directory and the area")
	cmd.PersistentFlags().String("state", "", "state directory (default: as configured)")
	cmd.AddCommand(newCatalogueLoad(), newCatalogueShow(), newCatalogueList())
	return cmd
}

// catalogueAt tells where the catalogue is and of which area; with --state the
// configuration is not needed.
func catalogueAt(cmd *cobra.Command, area string) (dir, of string, err error) {
	if dir, _ = cmd.Flags().GetString("state"); dir != "" {
		return dir, cmp.Or(area, defaultArea), nil
	}
	path, _ := cmd.Flags().GetString("config")
	c, err := readInstalled(path)
	if err != nil {
		return "", "", err
	}
	return c.State, cmp.Or(area, c.Catalogue.Area, c.Platform.Area), nil
}

func newCatalogueLoad() *cobra.Command {
	var area string
	cmd := &cobra.Command{
		Use:   "load FILE…",
		Short: "Add files to the catalogue, all of them or none",
		Long: `Add files to the catalogue: saved replies of the platform's transactions 1312 (items),
1318 (price caps) and 1319 (first self-pay), or TAB-separated text of the same columns
with a line of field names or the transaction in the file's name; a .zip of such files
as well. A row with a later updt_time takes the place of the one with the same rid. A
row that is wrong is named with file, line and field, and then nothing is loaded. The
daemon may run meanwhile.`,
		Example: `  settled catalogue load 1312-*.json 1318-*.json 1319.zip`,
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			dir, of, err := catalogueAt(cmd, area)
			if err != nil {
				return err
			}
			out, err := catalogue.Load(dir, catalogue.Options{Area: of, Now: time.Now}, files)
			for _, name := range []string{"catalogue.bolt", "catalogue.lock"} {
				err = errors.Join(err, handOverFile(filepath.Join(dir, name)))
			}
			if err != nil {
				return err
			}
			return showLoad(cmd, dir, out)
		},
	}
	cmd.Flags().StringVar(&area, "area", "", "keep the rows of this 医保区划 (default: as configured)")
	return cmd
}

func showLoad(cmd *cobra.Command, dir string, o catalogue.Outcome) error {
	store := catalogue.New(dir)
	defer func() { _ = store.Close() }() // only read
	census, _, err := store.List()
	if err != nil {
		return err
	}
	if asJSON(cmd) {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"digest": census.Digest, "rows": o})
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "新增 %d 行，更新 %d 行，未变 %d 行，旧版 %d 行，其他区划 %d 行。\n目录摘要 %s\n",
		o.New, o.Newer, o.Same, o.Older, o.Elsewhere, cmp.Or(census.Digest, "（无目录）"))
	return err
}

func newCatalogueShow() *cobra.Command {
	var on, person string
	var level int
	cmd := &cobra.Command{
		Use:   "show CODE --on DATE",
		Short: "What the catalogue says of an item on a day",
		Example: `  settled catalogue show XM01AEB282X001020100731 --on 2026-11-21
  settled catalogue show XM01AEB282X001020100731 --on 2026-11-21 --level 3 --for 390`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			day, err := settle.ParseDate(on)
			if err != nil {
				return usagef("--on: %w", err)
			}
			if level < 0 || level > 3 {
				return usagef("--level: %d is not from 1 to 3", level)
			}
			dir, _, err := catalogueAt(cmd, "")
			if err != nil {
				return err
			}
			return showItem(cmd, dir, catalogue.Query{Code: given[0], Day: day}, level, person)
		},
	}
	cmd.Flags().StringVar(&on, "on", "", "day, 2006-01-02")
	cmd.Flags().IntVar(&level, "level", 0, "only price caps of hospitals of this level, 1 to 3")
	cmd.Flags().StringVar(&person, "for", "", "only the first self-pay of this kind of insurance: 310, 390, …")
	return cmd
}

func showItem(cmd *cobra.Command, dir string, q catalogue.Query, level int, person string) error {
	store := catalogue.New(dir)
	defer func() { _ = store.Close() }() // only read
	found, err := store.Find([]catalogue.Query{q})
	if err != nil {
		return err
	}
	a := found.Answers[0]
	switch {
	case found.Digest == "":
		return fmt.Errorf("no catalogue is loaded in %s", dir)
	case !a.Known:
		return fmt.Errorf("the catalogue does not have %q", settle.Clip(q.Code))
	case a.Item == nil:
		return fmt.Errorf("the catalogue has %q, but not on %s", settle.Clip(q.Code), q.Day)
	}
	if level > 0 {
		n := strconv.Itoa(level)
		a.Caps = slices.DeleteFunc(a.Caps, func(r catalogue.Row) bool { return r.For != n && r.For != "0"+n })
	}
	if person != "" {
		a.Ratios = slices.DeleteFunc(a.Ratios, func(r catalogue.Row) bool { return r.For != person })
	}
	if asJSON(cmd) {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"digest": found.Digest, "item": a.Item, "caps": a.Caps, "ratios": a.Ratios})
	}
	return showAnswer(cmd, a, found.Digest)
}

// levels names the categories.
var levels = map[string]string{"01": "甲类", "02": "乙类", "03": "丙类"}

func showAnswer(cmd *cobra.Command, a catalogue.Answer, digest string) error {
	t := newTable(cmd.OutOrStdout(), 3, 3, "内容", "适用", "数值", "自", "至", "版本", "记录号")
	row := func(what, of, value string, r *catalogue.Row) {
		t.AppendRow(table.Row{what, of, value, r.From, cmp.Or(r.To.String(), "…"), r.Updated, r.ID})
	}
	limited := map[bool]string{true: "限制使用"}[a.Item.Limited]
	row(a.Item.Name, limited, levels[a.Item.Level], a.Item)
	row("收费类别", "", a.Item.Charge, a.Item)
	for i := range a.Caps {
		row("限价", "类型 "+a.Caps[i].For+"，超限处理 "+a.Caps[i].Way, cmp.Or(a.Caps[i].Number, "无"), &a.Caps[i])
	}
	for i := range a.Ratios {
		row("先自付比例", "险种 "+a.Ratios[i].For+"，类别 "+a.Ratios[i].Kind, a.Ratios[i].Number, &a.Ratios[i])
	}
	t.Render()
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "目录摘要 %s\n", digest)
	return err
}

func newCatalogueList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "What is loaded, from when to when, and from which files",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, _, err := catalogueAt(cmd, "")
			if err != nil {
				return err
			}
			store := catalogue.New(dir)
			defer func() { _ = store.Close() }() // only read
			census, loads, err := store.List()
			if err != nil {
				return err
			}
			return showCensus(cmd, census, loads)
		},
	}
}

func showCensus(cmd *cobra.Command, c catalogue.Census, loads []catalogue.LoadNote) error {
	out := cmd.OutOrStdout()
	if asJSON(cmd) {
		return json.NewEncoder(out).Encode(map[string]any{"census": c, "loads": loads})
	}
	if c.Digest == "" {
		_, err := fmt.Fprintln(out, "没有装载医保目录：账单须写明类别、限价和先自付比例。")
		return err
	}
	t := newTable(out, 2, 4, "交易", "项目", "行", "有效", "自", "至", "最新版本")
	for _, name := range []catalogue.Table{catalogue.Items, catalogue.Caps, catalogue.Ratios} {
		n := c.Tables[name]
		t.AppendRow(table.Row{name, n.Codes, n.Rows, n.Valid, n.From, cmp.Or(n.To.String(), "…"), n.Updated})
	}
	t.Render()
	if _, err := fmt.Fprintf(out, "医保区划 %s，目录摘要 %s\n", c.Area, c.Digest); err != nil {
		return err
	}
	for _, l := range loads {
		if _, err := fmt.Fprintf(out, "  %s　新增 %d，更新 %d　%s\n", l.At.Format(time.DateTime), l.New, l.Newer, strings.Join(l.Files, " ")); err != nil {
			return err
		}
	}
	return nil
}

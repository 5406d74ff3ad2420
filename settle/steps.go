package settle

// articles names, for the rules that are code and not numbers, where they stand.
// It is never written to. Those of a line come first: they are asked for most.
var articles = [...]struct{ rule, source string }{
	{"D-3", "decision"},
	{"B-1", "national-interface"},
	{"B-2", "national-interface"},
	{"B-3", "national-interface"},
	{"S-1", "sz-leaflet-2024-08 三、3"},
	{"S-2", "sz-leaflet-2024-08 三、3"},
	{"S-3", "legal-qa-2023-05"},
	{"S-4", "sz-leaflet-2024-08 三、3"},
	{"S-5", "sz-leaflet-2024-08 三、3"},
	{"S-6", "sz-leaflet-2024-08 三、3"},
	{"S-8", "sustech-2024-02"},
	{"C-6", "sz-leaflet-2024-08 三、7"},
	{"I-4", "sz-leaflet-2024-08 三、5"},
	{"M-1", "kb-2025-03"},
	{"O256-1", "legal-qa-2023-05"},
	{"O256-3", "old-regime-notes"},
	{"A-1", "mutual-aid-guides-2023"},
	{"A-3", "sz-leaflet-2024-08 三、8"},
	{"A-5", "mutual-aid-guide-2022"},
	{"A-7", "national-app-2024-12"},
	{"A-8", "mutual-aid-guide-2022"},
	{"P-1", "sz-leaflet-2024-08 三、2"},
	{"P-2", "sz-leaflet-2024-08 三、2"},
	{"P-3", "sz-leaflet-2024-08 二、3"},
	{"P-4", "sz-leaflet-2024-08 一、3"},
	{"D-9", "decision"},
}

// article gives where a rule of code stands.
func article(rule string) string {
	for i := range articles {
		if articles[i].rule == rule {
			return articles[i].source
		}
	}
	return ""
}

// note adds a step that rests on a rule of code.
func (w *work) note(s Step) {
	if s.Source == "" {
		s.Source = article(s.Rule)
	}
	w.out.Steps = append(w.out.Steps, s)
}

// cite adds a step that rests on a number.
func (w *work) cite(n *Number, s Step) {
	s.Rule, s.Source, s.Number = n.Rule, n.Source, n.Text
	if n.Standing != Official {
		s.Status = string(n.Standing)
	}
	w.out.Steps = append(w.out.Steps, s)
}

// citeRate adds a step that rests on a rate: its number's row, and the ratio that
// came of it.
func (w *work) citeRate(r rate, s Step) {
	w.cite(r.by, s)
	w.out.Steps[len(w.out.Steps)-1].Number = r.text
}

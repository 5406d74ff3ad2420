package main

import (
	"errors"

	"github.com/BurntSushi/toml"

	"settled/settle"
)

// registry knows the designated institutions that selections and visits refer to.
type registry map[string]settle.Institution

// Institution gives an institution by its code (定点医药机构编号).
func (r registry) Institution(code string) (settle.Institution, bool) {
	i, ok := r[code]
	return i, ok
}

// readRegistry reads [[institution]] tables: code, name, level, kind, city,
// province, networked, and settlement_hospital of a community health centre.
func readRegistry(path string) (registry, error) {
	var file struct {
		Institution []struct {
			Code               string                 `toml:"code"`
			Name               string                 `toml:"name"`
			Level              int                    `toml:"level"`
			Kind               settle.InstitutionKind `toml:"kind"`
			City               string                 `toml:"city"`
			Province           string                 `toml:"province"`
			Networked          bool                   `toml:"networked"`
			SettlementHospital string                 `toml:"settlement_hospital"`
		} `toml:"institution"`
	}
	meta, err := toml.DecodeFile(path, &file)
	if err != nil {
		var where toml.ParseError
		if errors.As(err, &where) {
			return nil, usagef("%s:%d: %s", path, where.Position.Line, where.Message)
		}
		return nil, usagef("registry of institutions: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, usagef("%s: unknown key %s", path, unknown[0])
	}
	known := registry{}
	for _, i := range file.Institution {
		if err := checkInstitution(i.Code, i.Level, i.Kind); err != nil {
			return nil, usagef("%s: institution %q: %w", path, i.Code, err)
		}
		if _, twice := known[i.Code]; twice {
			return nil, usagef("%s: institution %q stands there twice", path, i.Code)
		}
		known[i.Code] = settle.Institution{
			ID: i.Code, Name: i.Name, Level: i.Level, Kind: i.Kind, City: i.City, Province: i.Province,
			Networked: i.Networked, SettlementHospital: i.SettlementHospital,
		}
	}
	return known, nil
}

func checkInstitution(code string, level int, kind settle.InstitutionKind) error {
	switch {
	case code == "":
		return errors.New("code is missing")
	case level < 1 || level > 3:
		return errors.New("level must be 1, 2 or 3")
	case kind != settle.CommunityHealth && kind != settle.OtherPrimary && kind != settle.Hospital:
		return errors.New("kind must be community_health, other_primary or hospital")
	}
	return nil
}

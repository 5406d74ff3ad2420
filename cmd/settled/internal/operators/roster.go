// Package operators knows who may sign in at a counter's pages: a file of operators
// with their roles and the digests of their passwords.
package operators

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/emmansun/gmsm/sm3"

	"settled/settle"
)

// Operator is a person, or a self-service terminal, that may sign in.
type Operator struct {
	ID       string `toml:"id"`   // 经办人编号
	Name     string `toml:"name"` // as the page shows it
	Role     string `toml:"role"` // as the API's roles
	Password string `toml:"password"`
}

// Mark changes when the operator's password or role does: sessions of before end.
func (o *Operator) Mark() string {
	sum := sm3.Sum([]byte(o.ID + "\x00" + o.Role + "\x00" + o.Password))
	return hex.EncodeToString(sum[:8])
}

// Roster is who may sign in. It is never changed.
type Roster struct{ operators map[string]*Operator }

// Roles that an operator may have.
var roles = [...]string{"cashier", "supervisor", "insurance", "kiosk", "operations"}

// Parse reads a roster:
//
//	[[operator]]
//	id = "0001"
//	name = "收费员一"
//	role = "cashier"
//	password = "pbkdf2-sm3$60000$…$…"
func Parse(text string) (*Roster, error) {
	var file struct {
		Operator []*Operator `toml:"operator"`
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return nil, fmt.Errorf("operators: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("operators: unknown key %s", unknown[0])
	}
	r := &Roster{operators: map[string]*Operator{}}
	for _, o := range file.Operator {
		if err := r.add(o); err != nil {
			return nil, fmt.Errorf("operators: %q: %w", settle.Clip(o.ID), err)
		}
	}
	return r, nil
}

func (r *Roster) add(o *Operator) error {
	if o.ID == "" || len(o.ID) > 32 || o.Name == "" {
		return errors.New("id or name is missing or too long")
	}
	if r.operators[o.ID] != nil {
		return errors.New("it is there twice")
	}
	if err := checkRole(o.Role); err != nil {
		return err
	}
	if _, err := parseDigest(o.Password); err != nil {
		return err
	}
	r.operators[o.ID] = o
	return nil
}

func checkRole(role string) error {
	for _, known := range roles {
		if role == known {
			return nil
		}
	}
	return fmt.Errorf("role %q is none of %s", settle.Clip(role), strings.Join(roles[:], ", "))
}

// Find gives an operator; nil if there is none.
func (r *Roster) Find(id string) *Operator { return r.operators[id] }

// All gives the operators, in no order.
func (r *Roster) All() iter.Seq[*Operator] { return maps.Values(r.operators) }

// Size is how many operators there are.
func (r *Roster) Size() int { return len(r.operators) }

// Check tells whether a password is the operator's. For an operator that is not there
// it takes about as long, so that the time tells nothing.
func (r *Roster) Check(id, password string) bool {
	text := nobody
	o := r.operators[id]
	if o != nil {
		text = o.Password
	}
	d, err := parseDigest(text)
	if err != nil {
		return false
	}
	same := subtle.ConstantTimeCompare(d.of(password), d.sum) == 1
	return same && o != nil
}

// nobody is the digest against which unknown operators are checked.
const nobody = "pbkdf2-sm3$60000$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Cost and sizes of a password's digest.
const (
	scheme   = "pbkdf2-sm3"
	rounds   = 60_000
	fewest   = 1000
	most     = 10_000_000
	saltSize = 16
	// ShortestPassword is the fewest characters of a password.
	ShortestPassword = 6
	longest          = 128
)

// digest is a password's digest: PBKDF2 (RFC 8018) with HMAC-SM3.
type digest struct {
	rounds int
	salt   []byte
	sum    []byte
}

func parseDigest(text string) (digest, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 4 || parts[0] != scheme {
		return digest{}, fmt.Errorf("password: want %s$rounds$salt$digest, see `settled operator`", scheme)
	}
	n, err := strconv.Atoi(parts[1])
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[2])
	sum, errSum := base64.RawStdEncoding.DecodeString(parts[3])
	if err = errors.Join(err, errSalt, errSum); err != nil || n < fewest || n > most || len(salt) < saltSize || len(sum) != sm3.Size {
		return digest{}, fmt.Errorf("password: the digest is malformed: %w", err)
	}
	return digest{n, salt, sum}, nil
}

func (d *digest) of(password string) []byte {
	if len(password) > longest {
		return nil
	}
	sum, err := pbkdf2.Key(sm3.New, password, d.salt, d.rounds, sm3.Size)
	if err != nil {
		return nil
	}
	return sum
}

// Digest makes the digest of a password, for the roster's file.
func Digest(password string) (string, error) {
	if n := len([]rune(password)); n < ShortestPassword || len(password) > longest {
		return "", fmt.Errorf("a password has from %d characters to %d bytes", ShortestPassword, longest)
	}
	d := digest{rounds: rounds, salt: make([]byte, saltSize)}
	_, _ = rand.Read(d.salt) // never fails
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%s$%d$%s$%s", scheme, d.rounds, b64(d.salt), b64(d.of(password))), nil
}

// Stanza is an operator as a piece of the roster's file.
func Stanza(id, name, role, password string) (string, error) {
	sum, err := Digest(password)
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("[[operator]]\nid = %q\nname = %q\nrole = %q\npassword = %q\n", id, name, role, sum)
	if _, err := Parse(text); err != nil {
		return "", err
	}
	return text, nil
}

package jwt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Header is the protected header of a token (RFC 7515 §4): the parameters that matter here, all others through
// [Header.Decode].
type Header struct {
	Algorithm string // alg
	KeyID     string // kid: at most 128 characters of printable ASCII, "" when absent
	Type      string // typ: the same

	// Extra holds further parameters to be written. Reading leaves it nil.
	Extra map[string]any

	raw string // the object that was read, "" for a header made by hand
}

// refused lists the header parameters that make a token unacceptable. No extension is implemented, so crit always names
// an unknown one (RFC 7515 §4.1.11); b64 and zip change what is signed (RFC 7797, RFC 7516 §4.1.3); the others let a
// token bring or name its own key.
var refused = []string{"crit", "b64", "zip", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"}

// parseHeader reads the JSON of a header. Nobody has checked the signature yet: what it allocates is bounded whatever
// the text, so the parameters are few and their values stay unread.
func parseHeader(s string) (Header, error) {
	h := Header{raw: s}
	var hasAlg bool
	z := scanner{s: s, few: true}
	for z.next() {
		switch z.name {
		case "alg":
			h.Algorithm, hasAlg = z.text(), true
		case "kid":
			h.KeyID = z.printable("kid")
		case "typ":
			h.Type = z.printable("typ")
		default:
			z.parameter()
		}
	}
	if z.err != nil {
		return Header{}, fmt.Errorf("%w: header: %w", ErrMalformed, z.err)
	}
	if !hasAlg {
		return Header{}, fmt.Errorf("%w: header without alg", ErrMalformed)
	}
	return h.known()
}

// known refuses algorithms that are not in the table, none among them.
func (h Header) known() (Header, error) {
	a := algorithmNamed(h.Algorithm)
	if a == nil {
		return Header{}, fmt.Errorf("%w: %.20q is none of %q", ErrAlgorithm, h.Algorithm, Algorithms())
	}
	h.Algorithm = a.name
	return h, nil
}

// parameter passes over the value of a further parameter, unless it must not be there.
func (z *scanner) parameter() {
	if slices.Contains(refused, z.name) {
		z.fail("no parameter " + z.name + ", which is never accepted")
	}
	z.skip()
}

// printable reads a text that log lines and look-ups can bear.
func (z *scanner) printable(name string) string {
	s := z.text()
	if !printable(s) {
		z.fail(name + " of at most " + strconv.Itoa(maxName) + " characters of printable ASCII")
	}
	return s
}

// Decode reads the whole header, alg, kid and typ included, into v with encoding/json. Names that differ only by case are
// refused as [Claims.Decode] refuses them.
func (h Header) Decode(v any) error {
	text := h.raw
	if text == "" {
		b, err := h.marshal()
		if err != nil {
			return err
		}
		text = string(b)
	}
	return decodeObject("header", text, v)
}

// marshal returns the header's bytes: alg, typ, kid, then the others in order of their names.
func (h Header) marshal() ([]byte, error) {
	out := appendParams([]byte{'{'}, param{"alg", h.Algorithm}, param{"typ", h.Type}, param{"kid", h.KeyID})
	for _, name := range slices.Sorted(maps.Keys(h.Extra)) {
		if slices.Contains(refused, name) || name == "alg" || name == "typ" || name == "kid" {
			return nil, fmt.Errorf("header parameter %q: cannot be set through Extra", name)
		}
		var err error
		if out, err = appendMember(out, name, h.Extra[name]); err != nil {
			return nil, fmt.Errorf("header parameter %q: %w", name, err)
		}
	}
	return append(out, '}'), nil
}

// form is a header as tokens of one key usually carry it. A segment that equals one needs neither decoding nor parsing.
type form struct {
	header  Header
	segment string
}

// formsOf lists the headers that this project, and others in the orders they are known to write, give the tokens of a
// key. For each type our own order comes first.
func formsOf(a *algorithm, kid string) []form {
	var forms []form
	for _, typ := range []string{"at+jwt", "JWT", ""} {
		alg, typ, kid := param{"alg", a.name}, param{"typ", typ}, param{"kid", kid}
		for _, order := range [][]param{{alg, typ, kid}, {alg, kid, typ}, {typ, alg, kid}, {kid, alg, typ}} {
			text := object(order)
			h := Header{Algorithm: a.name, Type: typ.value, KeyID: kid.value, raw: string(text)}
			segment := encoded(text)
			if !slices.ContainsFunc(forms, func(f form) bool { return f.segment == segment }) {
				forms = append(forms, form{h, segment})
			}
		}
	}
	return forms
}

// usual returns the header of a segment that has one of the key's forms.
func (k Key) usual(segment string) (Header, bool) {
	if k.k != nil {
		for i := range k.k.forms {
			if k.k.forms[i].segment == segment {
				return k.k.forms[i].header, true
			}
		}
	}
	return Header{}, false
}

// segment returns the encoded header for signing with k.
func (k Key) segment(h Header) (string, error) {
	h, err := k.complete(h)
	if err != nil {
		return "", err
	}
	if h.Extra == nil {
		for i := range k.k.forms {
			if f := &k.k.forms[i]; f.header.Type == h.Type && f.header.KeyID == h.KeyID {
				return f.segment, nil
			}
		}
	}
	b, err := h.marshal()
	if err != nil {
		return "", err
	}
	if len(b) > MaxHeader {
		return "", fmt.Errorf("header of %d bytes: want at most %d", len(b), MaxHeader)
	}
	return string(encode(nil, b)), nil
}

// complete fills in what the key decides and refuses what contradicts it.
func (k Key) complete(h Header) (Header, error) {
	if h.Algorithm != "" && h.Algorithm != k.Algorithm() {
		return h, fmt.Errorf("%w: header says %q, the key is for %s", ErrAlgorithm, h.Algorithm, k.Algorithm())
	}
	if h.KeyID != "" && k.ID() != "" && h.KeyID != k.ID() {
		return h, fmt.Errorf("%w: header says kid %q, the key has %q", ErrKey, h.KeyID, k.ID())
	}
	h.Algorithm = k.Algorithm()
	if k.ID() != "" {
		h.KeyID = k.ID()
	}
	if !printable(h.KeyID) || !printable(h.Type) {
		return h, fmt.Errorf("header: want kid and typ of at most %d characters of printable ASCII", maxName)
	}
	return h, nil
}

// mediaType tells whether two typ values name the same media type: case is ignored, and so is "application/" before a
// name without further slash (RFC 7515 §4.1.9).
func mediaType(a, b string) bool { return strings.EqualFold(shortType(a), shortType(b)) }

func shortType(s string) string {
	const prefix = "application/"
	if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) && !strings.Contains(s[len(prefix):], "/") {
		return s[len(prefix):]
	}
	return s
}

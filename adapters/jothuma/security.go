package jothuma

import (
	"errors"
	"fmt"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
)

// read finds out what an operation needs.
func (g *gate) read(op *huma.Operation) need {
	if rule, ok := op.Metadata[metadata].(jotgate.Rule); ok {
		return need{rule: rule}
	}
	list := op.Security
	if list == nil {
		list = g.doc.Security
	}
	if list == nil {
		return need{err: errors.New("says not what it needs: want Need, or Security, which is [] where everybody may come")}
	}
	return g.parse(list)
}

// parse reads alternatives of Security (OpenAPI 3.1 §4.8.30): one of them is enough.
func (g *gate) parse(list []map[string][]string) (n need) {
	var alternatives [][]string
	for _, alternative := range list {
		scopes, ours := alternative[g.scheme]
		switch {
		case len(alternative) == 0:
			n.rule.Optional = jotgate.OptionalStrict
		case !ours || len(alternative) > 1:
			return need{err: fmt.Errorf("security: want the scheme %q alone, got %v", g.scheme, alternative)}
		default:
			alternatives = append(alternatives, scopes)
		}
	}
	switch len(alternatives) {
	case 0:
		return need{public: true}
	case 1:
		n.rule.Permissions = alternatives[0]
	default:
		for _, scopes := range alternatives {
			if len(scopes) != 1 {
				return need{err: fmt.Errorf("security: want one scope in each of several alternatives, got %q", alternatives)}
			}
			n.rule.AnyPermission = append(n.rule.AnyPermission, scopes[0])
		}
	}
	if err := n.rule.Check(); err != nil {
		return need{err: fmt.Errorf("security: %w", err)}
	}
	return n
}

// security says in the document's words what a rule asks of permissions.
func security(scheme string, rule jotgate.Rule) (list []map[string][]string) {
	all := append([]string{}, rule.Permissions...) // never null in JSON
	for _, p := range rule.AnyPermission {
		list = append(list, map[string][]string{scheme: append(slices.Clip(all), p)})
	}
	if len(list) == 0 {
		list = append(list, map[string][]string{scheme: all})
	}
	if rule.Optional != jotgate.NotOptional {
		list = append(list, map[string][]string{})
	}
	return list
}

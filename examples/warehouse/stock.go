package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jotgate/jotgate"
	"github.com/jotgate/jotgate/adapters/jothuma"
)

type item struct {
	Name     string `json:"name"`
	Quantity int    `json:"quantity"`
}

// stock is what lies in the warehouse. It stands for your table.
type stock struct {
	mu    sync.RWMutex
	items map[string]item
}

func newStock() *stock {
	return &stock{items: map[string]item{"bolt": {"bolt", 1200}, "nut": {"nut", 950}}}
}

// registerStock lets every user read, and managers change.
func registerStock(api huma.API, s *stock) {
	huma.Get(api, "/items", s.list, jothuma.Require())
	huma.Put(api, "/items/{name}", s.put, jothuma.Need(jotgate.Rule{Roles: []string{"manager"}}))
}

type change struct {
	Name string `path:"name" pattern:"^[a-z0-9-]+$" maxLength:"40"`
	Body struct {
		Quantity int `json:"quantity" minimum:"0" maximum:"1000000"`
	}
}

func (s *stock) list(context.Context, *struct{}) (*reply[map[string][]item], error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	byName := func(a, b item) int { return cmp.Compare(a.Name, b.Name) }
	return &reply[map[string][]item]{map[string][]item{"items": slices.SortedFunc(maps.Values(s.items), byName)}}, nil
}

func (s *stock) put(_ context.Context, in *change) (*reply[item], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := item{in.Name, in.Body.Quantity}
	s.items[in.Name] = one
	return &reply[item]{one}, nil
}
